import type {
  DeletionBatch,
  Hold,
  OperationOptions,
  RetentionScope,
  RetentionTarget,
  RetentionUnit,
  TargetReader,
  TargetRow,
  TargetUnit,
  UnitPage,
} from '../../src/interfaces/index.js';
import type { PlaneFault } from '../../src/testing/plane/faults.js';
import { startWorld } from './spans.js';
import type { SpansWorld } from './spans.js';

const DAY_SECONDS = 86_400;

/** A plane whose first rows will be old. */
export interface RetentionWorld extends SpansWorld {
  /** Lets days pass. */
  passDays(days: number): void;
  /** What was created 30 days ago and written an hour ago, by the plane's clock. */
  scope(unit: RetentionUnit, holds?: readonly Hold[]): RetentionScope;
}

export async function startRetentionWorld(
  options: Parameters<typeof startWorld>[0] = {},
): Promise<RetentionWorld> {
  const world = await startWorld(options);
  return {
    ...world,
    passDays: (days) => world.pass(days * DAY_SECONDS),
    scope: (unit, holds = []) => ({
      unit,
      cutoff: new Date(world.clock.nowMs - 30 * DAY_SECONDS * 1_000),
      before: new Date(Math.floor(world.clock.nowMs / 1_000 - 3_600) * 1_000),
      holds,
    }),
  };
}

export async function readUnitPages(
  reader: TargetReader,
  cursor: string | null = null,
  options: OperationOptions = {},
): Promise<UnitPage[]> {
  const pages: UnitPage[] = [];
  for await (const page of reader.units(cursor, options)) pages.push(page);
  return pages;
}

export async function readUnits(
  reader: TargetReader,
  cursor: string | null = null,
): Promise<TargetUnit[]> {
  return (await readUnitPages(reader, cursor)).flatMap(({ units }) => units);
}

/** `unit: row row` of each, in order. */
export function outline(units: readonly TargetUnit[]): string[] {
  return units.map(({ id, rows }) => `${id}: ${rows.map((row) => row.id).join(' ')}`);
}

/** The units of a target that are in the scope now. */
export async function unitsInScope(
  target: RetentionTarget,
  scope: RetentionScope,
): Promise<{ readonly reader: TargetReader; readonly units: readonly TargetUnit[] }> {
  const reader = await target.open(scope, {});
  return { reader, units: await readUnits(reader) };
}

export function batchOf(...units: readonly TargetUnit[]): DeletionBatch {
  return { units, isPart: false };
}

export function rowsOfUnits(units: readonly TargetUnit[]): readonly TargetRow[] {
  return units.flatMap(({ rows }) => rows);
}

/** Reads a batch again and deletes it, in the ten seconds that follow. */
export async function deleteBatch(reader: TargetReader, batch: DeletionBatch): Promise<void> {
  const { units, readAt } = await reader.reread(batch, {});
  const window = { notBefore: readAt, notAfter: new Date(readAt.getTime() + 10_000) };
  await reader.remove(rowsOfUnits(units), window);
}

/** Rows of an answer, as they are about to be sent. */
export type AnswerRows = Record<string, unknown>[];

/** Changes the rows of the next answer. */
export function rewriteRows(edit: (data: AnswerRows) => unknown): PlaneFault {
  return {
    kind: 'rewrite',
    rewrite: (body) => {
      const answer = JSON.parse(body.toString()) as { data: AnswerRows };
      edit(answer.data);
      return Buffer.from(JSON.stringify(answer));
    },
  };
}
