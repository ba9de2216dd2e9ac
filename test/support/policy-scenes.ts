import { expect } from 'vitest';

import { type ErrorCode, type ExportError, isExportError } from '../../src/errors/index.js';
import { type DeletionReceipt, readReceipts } from '../../src/index.js';
import type { CursorStore, ExportEvent, Json, Sink } from '../../src/interfaces/index.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import type { RetentionResult } from '../../src/retention/results.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import { HOUR_MS, PolicyWorld } from './policy-world.js';

/** A world with traces of three rows, five of 40 days and five of 10, all exported. */
export async function exportedWorld(
  options: Parameters<typeof PolicyWorld.start>[0] = {},
): Promise<PolicyWorld> {
  const world = await PolicyWorld.start(options);
  world.writeTraces(5, 40);
  world.writeTraces(5, 10);
  await world.exporter().run();
  return world;
}

/** Has a policy make its mark, and lets the grace pass. */
export async function markAndWait(
  world: PolicyWorld,
  policy: RetentionPolicy,
): Promise<RetentionResult> {
  const marked = await policy.run();
  expect(marked.stopReason).toBe('marked');
  await world.pass(24 * HOUR_MS);
  return marked;
}

/** Ids of the rows that were ever deleted, ascending; not those of a test of rights, which never were there. */
export function deletedIds(plane: DataPlane): readonly string[] {
  return plane.history
    .filter(({ deleted, id }) => deleted && !id.startsWith('tracehaul-probe-'))
    .map(({ id }) => id)
    .sort();
}

/** The names of the traces of some rows, as `writeTraces` gives them, without repetitions. */
export function tracesOf(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.map((id) => id.replace(/-[^-]+$/u, '')))];
}

export async function receiptsOf(sink: Sink, policyId = 'logs'): Promise<DeletionReceipt[]> {
  const receipts: DeletionReceipt[] = [];
  for await (const receipt of readReceipts(sink, { policyId })) receipts.push(receipt);
  return receipts;
}

/** Ids of the rows whose receipts say that they are gone, ascending. */
export function idsGone(receipts: readonly DeletionReceipt[]): readonly string[] {
  return receipts
    .flatMap(({ intent, outcome }) => {
      if (outcome === null) return [];
      const left = new Set([...outcome.remained, ...outcome.changed]);
      return intent.rows.filter((_, place) => !left.has(place)).map(({ id }) => id);
    })
    .sort();
}

/** All documents of a store. */
export async function documentsOf(store: CursorStore): Promise<Record<string, Json>> {
  const documents: Record<string, Json> = {};
  for await (const key of store.list('')) {
    const stored = await store.load(key);
    documents[key] = stored?.document ?? null;
  }
  return documents;
}

/** Requires a refusal with this code, and gives it. */
export async function refusedWith(work: Promise<unknown>, code: ErrorCode): Promise<ExportError> {
  const error: unknown = await work.then(
    (value) => new Error(`nothing was refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!isExportError(error, code)) throw error;
  // The message about an option says what it must be.
  if (code !== 'OPTION_INVALID') expect(error.remedy).toBeTruthy();
  return error;
}

/** Requires that a brake stops some work. */
export async function stoppedBy(work: Promise<unknown>, brake: string): Promise<ExportError> {
  const error = await refusedWith(work, 'PLAN_NEEDED');
  expect(error.details['brake']).toBe(brake);
  return error;
}

/** Events as they come, and a way to wait for one. */
export class EventLog {
  readonly events: ExportEvent[] = [];
  readonly observer = (event: ExportEvent): void => void this.events.push(event);

  of<Type extends ExportEvent['type']>(type: Type): Extract<ExportEvent, { type: Type }>[] {
    return this.events.filter(
      (event): event is Extract<ExportEvent, { type: Type }> => event.type === type,
    );
  }
}
