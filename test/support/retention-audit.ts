import assert from 'node:assert/strict';

import { readMarkReceipt, readReceipts } from '../../src/index.js';
import type { DeletionReceipt, RetentionStatus } from '../../src/index.js';
import { xactIdAt } from '../../src/testing/plane/transaction-ids.js';
import { auditExport } from './audit.js';
import { PlaneReplay, rowName, type Kill } from './plane-replay.js';
import type { PolicyWorld } from './policy-world.js';

const DAY_MS = 86_400_000;
const SPAN_IDENTITY = { object: 'project_id', id: 'id', version: '_xact_id' } as const;

/** What a row was written with: nothing that a policy could have made up. */
export interface KnownRow {
  readonly trace: string;
  readonly created: Date;
  readonly isRoot: boolean;
}

export type Mark = NonNullable<RetentionStatus['mark']>;

/** What was the case when a run of a policy began, and how it ended. */
export interface AuditedRun {
  /** Length of the plane's history when it began. */
  readonly from: number;
  /** The plane's clock then. */
  readonly startedAt: Date;
  /** The mark that there was, as `status()` told it. */
  readonly mark: Mark | null;
  /** Ids of rows that were on hold. */
  readonly heldIds: ReadonlySet<string>;
  /** Rows whose deletion the service may say to have done, and not do. */
  readonly lossyIds: ReadonlySet<string>;
  readonly isSwept: boolean;
}

/** What a policy promises to keep to. */
export interface PolicyTerms {
  readonly policyId: string;
  readonly keepDays: number;
  readonly graceMs: number;
}

/**
 * What must hold whatever happened to a policy, held against what the plane did, what the export's data objects hold,
 * and what the receipts say. Row indexes and the policy's own document prove nothing here.
 */
export class RetentionAudit {
  readonly problems: string[] = [];
  readonly #world: PolicyWorld;
  readonly #rows: ReadonlyMap<string, KnownRow>;
  readonly #terms: PolicyTerms;

  constructor(world: PolicyWorld, rows: ReadonlyMap<string, KnownRow>, terms: PolicyTerms) {
    this.#world = world;
    this.#rows = rows;
    this.#terms = terms;
  }

  /** Notes what a run has done wrong. Rows that went are judged by what was committed when the run began. */
  async afterRun(run: AuditedRun): Promise<void> {
    const { plane } = this.#world;
    const kills = new PlaneReplay(plane.history).kills.filter(({ place }) => place >= run.from);
    if (kills.length > 0) await this.#checkKills(kills, run);
    if (run.isSwept) this.#checkWhole(run);
  }

  /** Throws everything that was noted. */
  assertSound(): void {
    assert.deepEqual(this.problems, [], 'the policy kept to its terms');
  }

  async #checkKills(kills: readonly Kill[], run: AuditedRun): Promise<void> {
    const { mark } = run;
    if (mark === null) {
      this.problems.push(`without a mark went ${kills.map(({ id }) => id).join(', ')}`);
      return;
    }
    this.#checkMark(mark, run);
    const exported = await this.exportedVersions();
    for (const kill of kills)
      if (!exported.has(rowName(kill)))
        this.problems.push(`unproven: ${rowName(kill)} was in no object when it went`);
    const started = new PlaneReplay(this.#world.plane.history.slice(0, run.from));
    const traces = new Set(kills.map(({ id }) => this.#row(id).trace));
    for (const [id, version] of started.live) {
      const { trace } = this.#row(id);
      const why = this.#reasonToStay({ id, version }, { run, mark, exported });
      if (why !== null && traces.has(trace))
        this.problems.push(`rows of ${trace} went though ${id} ${why}`);
    }
  }

  /** The bounds of a mark follow from when it was made; its rows go no sooner than its grace allows. */
  #checkMark({ id, markedAt, cutoff, writtenBefore }: Mark, { startedAt }: AuditedRun): void {
    const { keepDays, graceMs } = this.#terms;
    if (cutoff.getTime() > markedAt.getTime() - keepDays * DAY_MS)
      this.problems.push(`mark ${id} takes more than is ${keepDays} days old`);
    if (writtenBefore > markedAt) this.problems.push(`mark ${id} takes what was not there yet`);
    if (startedAt.getTime() - markedAt.getTime() < graceMs - 1_000)
      this.problems.push(`mark ${id} was swept in its grace`);
  }

  #reasonToStay(
    row: { readonly id: string; readonly version: string },
    given: {
      readonly run: AuditedRun;
      readonly mark: Mark;
      readonly exported: ReadonlyMap<string, string>;
    },
  ): string | null {
    const { cutoff, writtenBefore } = given.mark;
    const bound = xactIdAt(cutoff < writtenBefore ? cutoff : writtenBefore);
    if (this.#row(row.id).created >= cutoff) return 'is too young';
    if (row.version >= bound) return 'was written since';
    if (given.run.heldIds.has(row.id)) return 'is on hold';
    return given.exported.has(rowName(row)) ? null : 'was never exported';
  }

  /** A trace of which something went is gone, and its root went last, unless something new came into it. */
  #checkWhole({ lossyIds }: AuditedRun): void {
    const replay = new PlaneReplay(this.#world.plane.history);
    for (const [trace, kills] of this.#killsByTrace(replay.kills)) {
      const first = Math.min(...kills.map(({ place }) => place));
      const rows = [...this.#rows].filter(([, row]) => row.trace === trace).map(([id]) => id);
      if (rows.some((id) => (replay.lastWrite(id)?.place ?? -1) > first)) continue;
      const left = rows.filter((id) => replay.live.has(id));
      if (left.length > 0) this.problems.push(`${trace} is cut: ${left.join(', ')} stayed`);
      const root = kills.find(({ id }) => this.#row(id).isRoot);
      const later = kills.filter(
        ({ id, place, by }) =>
          root !== undefined && place > root.place && by !== root.by && !lossyIds.has(id),
      );
      if (later.length > 0) this.problems.push(`the root of ${trace} went before its children`);
    }
  }

  #killsByTrace(kills: readonly Kill[]): ReadonlyMap<string, readonly Kill[]> {
    const traces = new Map<string, Kill[]>();
    for (const kill of kills) {
      const { trace } = this.#row(kill.id);
      traces.set(trace, [...(traces.get(trace) ?? []), kill]);
    }
    return traces;
  }

  #row(id: string): KnownRow {
    const row = this.#rows.get(id);
    assert(row !== undefined, `${id} was written by the test`);
    return row;
  }

  /** The versions in committed data objects, each with the key of its object. Dead letters are in none of them. */
  async exportedVersions(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await auditExport(this.#world.sink, 'spans', SPAN_IDENTITY);
    return new Map(
      rows.map(({ key, row }) => [
        rowName({ id: String(row['id']), version: String(row['_xact_id']) }),
        key,
      ]),
    );
  }

  /** Compares the receipts with what is gone. Only for policies whose marks have all come to their ends. */
  async checkReceipts(): Promise<void> {
    const { policyId } = this.#terms;
    const killed = new Set(new PlaneReplay(this.#world.plane.history).kills.map(rowName));
    const gone = new Set<string>();
    const excused = new Set<string>();
    const exported = await this.exportedVersions();
    const marks = new Map<string, DeletionReceipt[]>();
    for await (const receipt of readReceipts(this.#world.sink, { policyId })) {
      const { markId } = receipt.intent;
      marks.set(markId, [...(marks.get(markId) ?? []), receipt]);
      this.#checkArchives(receipt, exported);
      for (const place of receipt.outcome?.changed ?? [])
        excused.add(rowName(rowAt(receipt, place)));
    }
    for (const [markId, receipts] of marks)
      for (const name of await this.#checkMarkReceipts(markId, receipts)) gone.add(name);
    for (const name of gone)
      if (!killed.has(name)) this.problems.push(`receipts say that ${name} is gone`);
    for (const name of killed)
      if (!gone.has(name) && !excused.has(name)) this.problems.push(`no receipt tells of ${name}`);
  }

  /** @returns the row versions that are gone by the receipts of one mark. */
  async #checkMarkReceipts(
    markId: string,
    receipts: readonly DeletionReceipt[],
  ): Promise<readonly string[]> {
    const { policyId } = this.#terms;
    const total = await readMarkReceipt(this.#world.sink, { policyId, markId });
    const told = receipts.flatMap((receipt) => goneBy(receipt));
    const twice = told.filter((name, place) => told.indexOf(name) !== place);
    if (twice.length > 0) this.problems.push(`${markId} counts twice: ${twice.join(', ')}`);
    const changed = receipts.reduce((sum, { outcome }) => sum + (outcome?.changed.length ?? 0), 0);
    const sums = { rows: told.length, changed };
    const shown = { rows: total?.deleted.rows, changed: total?.changedRows };
    if (JSON.stringify(sums) !== JSON.stringify(shown))
      this.problems.push(`${markId}: ${JSON.stringify(shown)} but ${JSON.stringify(sums)}`);
    if (total !== null && total.readAgeMaxMs > 10_000)
      this.problems.push(`${markId}: deleted ${total.readAgeMaxMs} ms after the read`);
    return told;
  }

  #checkArchives({ intent }: DeletionReceipt, exported: ReadonlyMap<string, string>): void {
    for (const row of intent.rows) {
      const archive = intent.archives[row.archive ?? -1];
      if (archive === undefined || exported.get(rowName(row)) !== archive.objectKey)
        this.problems.push(`a receipt names a wrong object for ${rowName(row)}`);
    }
  }
}

function goneBy({ intent, outcome }: DeletionReceipt): readonly string[] {
  if (outcome === null) return [];
  const left = new Set([...outcome.remained, ...outcome.changed]);
  const gone = intent.rows.filter((_row, place) => !left.has(place));
  assert.equal(outcome.gone, gone.length, 'an outcome counts what it lists');
  return gone.map(rowName);
}

function rowAt({ intent }: DeletionReceipt, place: number): (typeof intent.rows)[number] {
  const row = intent.rows[place];
  assert(row !== undefined, 'an outcome names rows of its intent');
  return row;
}
