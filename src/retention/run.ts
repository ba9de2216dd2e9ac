import { isExportError } from '../errors/index.js';
import type { ExportEvent, Observer, OperationOptions } from '../interfaces/index.js';
import { isLocked, loadLeased } from '../leases/leased-document.js';
import { LeaseSession } from '../leases/lease-session.js';
import { closeInTime } from '../util/close-in-time.js';
import { messageOf } from '../util/message.js';
import { emit } from '../util/observe.js';
import { anySignal } from '../util/time-limit.js';
import { endCancelled } from './cancel.js';
import { isGraceOver } from './decide/brakes.js';
import { sweepDueAt } from './decide/cutoff.js';
import { leaseSettings } from './lease-settings.js';
import { makeMark } from './mark.js';
import type { RetentionPlan } from './plan.js';
import {
  type Counts,
  type Mark,
  type PolicyDocument,
  checkPolicy,
  newPolicyDocument,
} from './policy-document.js';
import { historyOf, pauseOf } from './records.js';
import type {
  RetentionRecord,
  RetentionResult,
  RetentionRunOptions,
  RetentionStopReason,
} from './results.js';
import type { PolicySettings } from './settings.js';
import { confirmMark, sweepMark } from './sweep-mark.js';
import type { SweepLimits } from './sweep/sweep.js';
import { keptRows } from './sweep/tally.js';

/** One run, from its beginning to its record in the history. */
interface Run {
  readonly settings: PolicySettings;
  readonly plan: RetentionPlan | undefined;
  readonly limits: SweepLimits;
  readonly startedAt: Date;
  readonly observe: Observer;
  sourceRequests: number;
  /** What was deleted by all runs so far, before this one and now. */
  before: Counts;
  now: Counts;
  facts: Facts;
}

/** What a result says beyond why it ended. */
type Facts = Pick<
  RetentionResult,
  'markId' | 'cutoff' | 'dueAt' | 'changedRows' | 'remainedRows' | 'kept' | 'receiptKey'
>;

/** Runs that did nothing are no history. */
const IDLE: readonly RetentionStopReason[] = ['locked', 'paused', 'grace'];
const NOTHING: Counts = Object.freeze({ units: 0, rows: 0 });
const NO_FACTS: Facts = Object.freeze({
  markId: null,
  cutoff: null,
  dueAt: null,
  changedRows: 0,
  remainedRows: 0,
  kept: {},
  receiptKey: null,
});

/** Runs a policy once. See `RetentionPolicy.run`. */
export async function runPolicy(
  settings: PolicySettings,
  options: RetentionRunOptions & OperationOptions,
): Promise<RetentionResult> {
  options.signal?.throwIfAborted();
  const run = newRun(settings, options);
  try {
    const stopReason = await attempt(run, { signal: options.signal, observer: run.observe });
    const isIdle = IDLE.includes(stopReason);
    const warning = isIdle ? null : await record(run, stopReason, null);
    return resultOf(run, stopReason, warning);
  } catch (error) {
    const aborted = options.signal?.aborted === true ? 'aborted' : 'error';
    await record(run, isExportError(error) ? error.code : aborted, error);
    throw error;
  }
}

function newRun(settings: PolicySettings, options: RetentionRunOptions & OperationOptions): Run {
  const startedAt = settings.runtime.now();
  const run: Run = {
    settings,
    plan: options.plan,
    limits: {
      maxRows: Math.min(options.maxRows ?? Infinity, settings.brakes.maxRowsPerRun),
      deadlineMs: startedAt.getTime() + (options.maxDurationMs ?? Infinity),
    },
    startedAt,
    observe: (event: ExportEvent): void => {
      if (event.type === 'request' && event.target === 'source') run.sourceRequests += 1;
      emit(options.observer, event);
    },
    sourceRequests: 0,
    before: NOTHING,
    now: NOTHING,
    facts: NO_FACTS,
  };
  return run;
}

async function attempt(run: Run, options: OperationOptions): Promise<RetentionStopReason> {
  const { settings } = run;
  if (await pauseOf(settings).isSet(options)) return 'paused';
  const session = await openSession(settings, options);
  if (session === null) return 'locked';
  run.before = deletedOf(session.current);
  const lost = new AbortController();
  const ended = new AbortController();
  const alive = session.keepAlive(ended.signal, (error) => lost.abort(error));
  try {
    const signal = anySignal(options.signal, lost.signal);
    return await work(run, session, { ...options, signal });
  } finally {
    ended.abort();
    await alive;
    run.now = deletedOf(session.current);
    await closeInTime(settings, (signal) => session.release({ signal }));
  }
}

/** Takes the lease, or finds that it cannot. Refuses changed settings. */
async function openSession(
  settings: PolicySettings,
  options: OperationOptions,
): Promise<LeaseSession<PolicyDocument> | null> {
  const { policyId, fingerprint } = settings;
  const lease = leaseSettings(settings);
  const loaded = await loadLeased(lease, options);
  if (loaded === null) {
    const document = newPolicyDocument(policyId, fingerprint);
    return await LeaseSession.acquire(lease, { document, revision: null }, options);
  }
  checkPolicy(loaded.document.fingerprint, fingerprint, policyId);
  if (isLocked(loaded.document, lease)) return null;
  return await LeaseSession.acquire(lease, loaded, options);
}

async function work(
  run: Run,
  session: LeaseSession<PolicyDocument>,
  options: OperationOptions,
): Promise<RetentionStopReason> {
  const { settings, plan, limits } = run;
  const plane = await settings.target.now(options);
  const request = { settings, session, clocks: { plane, host: settings.runtime.now() } };
  const found = session.current.mark;
  if (found !== null && found.cancelledAt !== null) {
    run.facts = { ...NO_FACTS, ...factsOf(found, settings) };
    await endCancelled({ settings, session }, options);
    return 'cancelled';
  }
  if (found !== null && plan !== undefined) await confirmMark({ ...request, plan }, options);
  const mark = found ?? (await makeMark({ ...request, plan }, options));
  if (mark === null) return 'nothing-due';
  run.facts = { ...NO_FACTS, ...factsOf(mark, settings) };
  const isOver = isGraceOver(mark, request.clocks, settings.graceHours);
  if (!isOver) return found === null ? 'marked' : 'grace';
  const isConfirmed = plan !== undefined;
  const { end, sweep, receiptKey } = await sweepMark({ ...request, isConfirmed, limits }, options);
  const { changedRows, remainedRows, kept } = sweep;
  run.facts = { ...run.facts, changedRows, remainedRows, kept, receiptKey };
  return end;
}

function factsOf(
  mark: Mark,
  { graceHours }: PolicySettings,
): Pick<Facts, 'markId' | 'cutoff' | 'dueAt'> {
  const dueAt = sweepDueAt(mark, graceHours);
  return { markId: mark.id, cutoff: new Date(mark.cutoff), dueAt };
}

/** All that the policy has deleted so far, the present mark included. */
function deletedOf({ totals, mark }: PolicyDocument): Counts {
  const present = mark?.sweep?.deleted ?? NOTHING;
  return { units: totals.units + present.units, rows: totals.rows + present.rows };
}

function resultOf(
  run: Run,
  stopReason: RetentionStopReason,
  warning: string | null,
): RetentionResult {
  const { settings, startedAt } = run;
  return {
    policyId: settings.policyId,
    stopReason,
    ...run.facts,
    startedAt,
    durationMs: settings.runtime.now().getTime() - startedAt.getTime(),
    deleted: deletedBy(run),
    sourceRequests: run.sourceRequests,
    warnings: warning === null ? [] : [warning],
  };
}

function deletedBy({ before, now }: Run): Counts {
  return { units: now.units - before.units, rows: now.rows - before.rows };
}

/** Adds the run to the history. @returns why it could not be, or `null`. */
async function record(run: Run, reason: string, error: unknown): Promise<string | null> {
  const { settings, facts } = run;
  const deleted = deletedBy(run);
  const entry: RetentionRecord = {
    markId: facts.markId,
    startedAt: run.startedAt.toISOString(),
    endedAt: settings.runtime.now().toISOString(),
    reason,
    deletedRows: deleted.rows,
    deletedUnits: deleted.units,
    keptRows: keptRows(facts.kept),
    receiptKey: facts.receiptKey,
    error: error === null ? null : messageOf(error),
  };
  const problem = await closeInTime(settings, (signal) =>
    historyOf(settings).append(entry, { signal }),
  );
  return problem === null ? null : `The history could not be saved: ${problem}`;
}
