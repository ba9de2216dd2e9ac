import assert from 'node:assert/strict';

import { isExportError } from '../../errors/index.js';
import type {
  Awaitable,
  DeletionBatch,
  Hold,
  RetentionScope,
  RetentionTarget,
  SendWindow,
  TargetReader,
  TargetRow,
  TargetUnit,
  UnitPage,
} from '../../interfaces/index.js';

/** A unit that is there: its id, and the ids of its rows. */
export interface MadeUnit {
  readonly id: string;
  readonly rowIds: readonly string[];
}

/**
 * A target under test over data of its own, and what can be done to them behind its back. Units that were made before
 * `cutoff` are in `old`, whole and in no order; there is at least one that was made later. Everything that is in `old`
 * was written before `before`.
 */
export interface TargetFixture {
  readonly target: RetentionTarget;
  readonly cutoff: Date;
  readonly before: Date;
  readonly old: readonly MadeUnit[];
  /** Holds, and the ids of the rows or objects that each one exempts. */
  readonly holds: readonly { readonly hold: Hold; readonly exempt: readonly string[] }[];
  /** The host's clock, as the target sees it. */
  readonly now: () => Date;
  /** Writes one more row into a unit, now; gives its id. Not called where rows are the units. */
  readonly addRow: (unitId: string) => Awaitable<string>;
  /** Writes a row anew, now. */
  readonly updateRow: (row: TargetRow) => Awaitable<void>;
  readonly deleteRow: (row: TargetRow) => Awaitable<void>;
  /** Deletes what goes with a unit. Needed where units have an object. */
  readonly deleteObject?: ((unitId: string) => Awaitable<void>) | undefined;
  /** Ids of all rows that are there, of old units and others. */
  readonly rowIds: () => Awaitable<readonly string[]>;
  /** How many requests that delete have arrived. */
  readonly deletions: () => Awaitable<number>;
  /** The next request that deletes is carried out, and its answer gets lost. */
  readonly loseAnswer: () => Awaitable<void>;
  /** Requests that delete rows are agreed to from now on, and not carried out. */
  readonly loseDeletions: () => Awaitable<void>;
  /** Called at the end of the case. */
  readonly close?: (() => Awaitable<void>) | undefined;
}

export type TargetCheck = (fixture: TargetFixture) => Promise<void>;

/** Rules by name. */
export type TargetChecks = Readonly<Record<string, TargetCheck>>;

export const REASON: Error = new Error('the caller has had enough');

const WINDOW_MS = 10_000;

export function scopeOf(
  { target, cutoff, before }: TargetFixture,
  holds: readonly Hold[] = [],
): RetentionScope {
  const [unit] = target.units;
  assert.ok(unit !== undefined, 'a target has units');
  return { unit, cutoff, before, holds };
}

export async function openTarget(
  fixture: TargetFixture,
  holds: readonly Hold[] = [],
): Promise<TargetReader> {
  return await fixture.target.open(scopeOf(fixture, holds), {});
}

export async function pagesOf(
  reader: TargetReader,
  cursor: string | null = null,
): Promise<UnitPage[]> {
  const pages: UnitPage[] = [];
  for await (const page of reader.units(cursor, {})) {
    pages.push(page);
    assert.ok(pages.length < 10_000, 'a read must end');
  }
  return pages;
}

/** All units of a read, each once, in their order. */
export async function unitsOf(
  reader: TargetReader,
  cursor: string | null = null,
): Promise<readonly TargetUnit[]> {
  return unitsOfPages(await pagesOf(reader, cursor));
}

export function unitsOfPages(pages: readonly UnitPage[]): readonly TargetUnit[] {
  const units = new Map<string, TargetUnit>();
  for (const unit of pages.flatMap((page) => page.units))
    if (!units.has(unit.id)) units.set(unit.id, unit);
  return [...units.values()];
}

/** The first unit with more than one row where there is one, else the first. */
export async function someUnit(reader: TargetReader): Promise<TargetUnit> {
  const units = await unitsOf(reader);
  const unit = units.find(({ rows }) => rows.length > 1) ?? units[0];
  assert.ok(unit !== undefined && unit.rows.length > 0, 'there is a unit with rows');
  return unit;
}

export function wholeUnit(unit: TargetUnit): DeletionBatch {
  return { units: [unit], isPart: false };
}

export function windowOf({ now }: TargetFixture): SendWindow {
  const notBefore = now();
  return { notBefore, notAfter: new Date(notBefore.getTime() + WINDOW_MS) };
}

export function rowIdsOf({ rows }: Pick<TargetUnit, 'rows'>): readonly string[] {
  return rows.map(({ id }) => id);
}

export function sorted(texts: Iterable<string>): readonly string[] {
  return [...texts].sort();
}

/** Rejects unless `work` rejects with the given code. */
export async function expectCode(work: Promise<unknown>, code: string): Promise<void> {
  const outcome = await work.then(
    () => 'no error',
    (error: unknown) => (isExportError(error) ? error.code : error),
  );
  assert.equal(outcome, code);
}

export async function expectReason(work: Promise<unknown>): Promise<void> {
  const outcome = await work.then(
    () => 'no error',
    (error: unknown) => error,
  );
  assert.equal(outcome, REASON, 'an abort rejects with signal.reason itself');
}
