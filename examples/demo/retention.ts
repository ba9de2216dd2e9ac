import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import {
  createRetentionPolicy,
  type KeptReason,
  type RetentionPolicy,
  readReceipts,
  type Runtime,
} from 'tracehaul';
import { braintrustClient, projectLogs } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import type { DataPlane } from 'tracehaul/testing';

const POLICY_ID = 'old-traces';
const KEEP_DAYS = 2;

/** What the policy works on, and how an hour passes there. */
export interface RetentionPlace {
  readonly plane: DataPlane;
  readonly projectId: string;
  readonly output: string;
  readonly passHour: () => void;
  /** The clock there: a grace passes by that of the plane and that of the policy. */
  readonly now: () => Date;
}

/** Marks and sweeps traces of over two days, and compares what is left with the receipts. Throws when they differ. */
export async function deleteOld(place: RetentionPlace): Promise<readonly string[]> {
  const before = liveIds(place);
  const policy = makePolicy(place);
  const plan = await policy.plan();
  const { dueAt } = await policy.run({ plan });
  place.passHour();
  const { deleted, kept } = await policy.run();
  const after = liveIds(place);
  const told = await deletedIds(place);
  if (deleted.rows === 0) throw new Error('Nothing was deleted.');
  const missing = [...before].filter((id) => !after.has(id) && !told.has(id));
  const back = [...told].filter((id) => after.has(id));
  if (missing.length > 0 || back.length > 0 || told.size !== deleted.rows)
    throw new Error('The receipts do not say what is gone.');
  return [
    `planned: ${plan.go.rows} of ${before.size} spans would go, and nothing before ${dueAt?.toISOString()}`,
    `swept: ${deleted.units} traces of ${deleted.rows} spans are gone, each proven to be in a file`,
    ...Object.entries(kept).map(([reason, { units }]) => stay(reason as KeptReason, units)),
    `${told.size} rows are named by the receipts, and are those that are gone`,
  ];
}

function makePolicy({ plane, projectId, output, now }: RetentionPlace): RetentionPolicy {
  const runtime = runtimeAt(now);
  const client = braintrustClient({
    apiKey: plane.apiKey,
    apiUrl: plane.url,
    requestsPerMinute: Infinity,
    runtime,
  });
  return createRetentionPolicy({
    id: POLICY_ID,
    target: projectLogs({ client, projectId }),
    keepDays: KEEP_DAYS,
    requireExported: { sink: sinkOf(output), exportId: 'spans' },
    brakes: { minAgeDays: 1 },
    graceHours: 1,
    cursorStore: fileCursorStore({ root: `${output}/cursors` }),
    // The plane deletes at once, so that nobody has to wait for half a minute.
    limits: { confirmAfterMs: 100 },
    runtime,
  });
}

/** Real waits and randomness, and another clock. */
function runtimeAt(now: () => Date): Runtime {
  return {
    now,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal && { signal });
    },
    random: () => Math.random(),
    id: () => randomBytes(8).toString('hex'),
  };
}

async function deletedIds({ output }: RetentionPlace): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { intent, outcome } of readReceipts(sinkOf(output), { policyId: POLICY_ID })) {
    const stays = new Set([...(outcome?.remained ?? []), ...(outcome?.changed ?? [])]);
    for (const [place, { id }] of intent.rows.entries())
      if (outcome !== null && !stays.has(place)) ids.add(id);
  }
  return ids;
}

function liveIds({ plane, projectId }: RetentionPlace): ReadonlySet<string> {
  return new Set(plane.liveRows('project_logs', projectId).map(({ id }) => String(id)));
}

function sinkOf(output: string): ReturnType<typeof fileSink> {
  return fileSink({ root: `${output}/spans` });
}

function stay(reason: KeptReason, traces: number): string {
  return `${traces} old traces stay: ${reason === 'written-since' ? 'updated since' : reason}`;
}
