import type {
  CursorStore,
  Observer,
  RetentionTarget,
  RetentionUnit,
  Runtime,
  Sink,
} from './interfaces/index.js';
import type { LeaseLimits } from './leases/leased-document.js';
import { readLeaseLimits } from './leases/lease-options.js';
import { type OptionReader, readOptions } from './options/index.js';
import { readId } from './options/read-id.js';
import type { Brakes } from './retention/decide/brakes.js';
import { readHoldsOption } from './retention/holds.js';
import { type RetentionPolicy, policyOf } from './retention/policy.js';
import { type RequireExported, readProofOption } from './retention/proof/read-proof-option.js';
import type {
  HoldsOption,
  PolicySettings,
  ProofSource,
  RetentionLimits,
} from './retention/settings.js';
import { plainJson } from './util/plain-json.js';
import { systemRuntime } from './util/runtime.js';

const KEEP_DAYS_MAX = 36_500;
const GRACE_HOURS = 24;
const GRACE_HOURS_MAX = 24 * 365;
const MIN_AGE_DAYS = 7;
const MAX_FRACTION = 0.25;
const BATCH_MAX_ROWS = 1_000;

/** Options of {@link createRetentionPolicy}. */
export interface RetentionPolicyOptions {
  /**
   * Name of the policy: of its document and its receipts. Letters, digits, `_` and `-`, 64 at most. Two policies with
   * one id and one cursor store are two workers of one policy.
   */
  readonly id: string;
  /** What is deleted from: `projectLogs`, `experiments` or `datasets` of `tracehaul/braintrust`. */
  readonly target: RetentionTarget;
  /**
   * How many days are kept, each of 24 hours, by Braintrust's clock: whole, 0 or more. 0 needs `allowDeleteAll`.
   */
  readonly keepDays: number;
  /**
   * The export that must hold a row, in the very version, before the row may go. `false`: rows go without proof, and
   * `receipts` must be given.
   */
  readonly requireExported: RequireExported | false;
  /** What never goes. A function is asked at every plan, mark and sweep. @defaultValue nothing */
  readonly holds?: HoldsOption | undefined;
  /**
   * What goes together or not at all. Of project logs `trace` or `row`; of datasets `row`; of experiments
   * `experiment`.
   * @defaultValue the target's first one: `trace` for project logs
   */
  readonly unit?: RetentionUnit | undefined;
  /**
   * How long after a mark its sweep begins, in hours, by Braintrust's clock. With 0 a run marks and sweeps, and takes
   * only what has not been written for an hour.
   * @defaultValue 24
   */
  readonly graceHours?: number | undefined;
  /** What keeps the policy from going further than it should. */
  readonly brakes?: Partial<Brakes> | undefined;
  /** Lets `keepDays` be 0. @defaultValue false */
  readonly allowDeleteAll?: boolean | undefined;
  /** Where receipts are put. @defaultValue the sink of `requireExported` */
  readonly receipts?: Sink | undefined;
  readonly cursorStore: CursorStore;
  /** Receives typed events. */
  readonly observer?: Observer | undefined;
  readonly limits?: Partial<RetentionLimits> | undefined;
  /** Time and randomness, for tests. */
  readonly runtime?: Runtime | undefined;
}

/**
 * Composes a retention policy. Checks all options at once and touches nothing: the first I/O is that of a method.
 * @throws ConfigurationError `OPTION_INVALID` naming every problem.
 */
export function createRetentionPolicy(options: RetentionPolicyOptions): RetentionPolicy {
  return policyOf(readOptions('createRetentionPolicy', options, readSettings));
}

function readSettings(reader: OptionReader): PolicySettings {
  const members = ['now', 'sleep', 'random', 'id'];
  const runtime = reader.adapter<Runtime>('runtime', members, systemRuntime);
  const target = reader.adapter<RetentionTarget>('target', [
    'name',
    'identity',
    'units',
    'proofProblem',
    'versionAt',
    'now',
    'open',
    'probe',
  ]);
  const storeMembers = ['name', 'load', 'save', 'list', 'delete'];
  const store = reader.adapter<CursorStore>('cursorStore', storeMembers);
  const isTarget = typeof target.proofProblem === 'function' && Array.isArray(target.units);
  const proof = isTarget ? readProofOption(reader, target, store) : null;
  if (!isTarget) reader.has('requireExported');
  const { units } = target;
  const unit = reader.oneOf<RetentionUnit>('unit', isTarget ? units : ['row'], units?.[0] ?? 'row');
  const brakes = reader.group('brakes', readBrakes);
  return {
    policyId: readId(reader, 'id'),
    target,
    unit,
    keepDays: readKeepDays(reader, brakes),
    graceHours: reader.number('graceHours', GRACE_HOURS, { min: 0, max: GRACE_HOURS_MAX }),
    brakes,
    holds: readHoldsOption(reader),
    proof,
    receipts: readReceipts(reader, proof),
    store,
    fingerprint: {
      target: plainJson({ name: target.name, identity: target.identity }),
      unit,
      proof: proof && plainJson({ exportId: proof.exportId, location: proof.sink.location }),
    },
    observer: reader.func<Observer>('observer'),
    limits: reader.group('limits', readLimits),
    runtime,
    holder: typeof runtime.id === 'function' ? runtime.id() : '',
  };
}

function readKeepDays(reader: OptionReader, { minAgeDays }: Brakes): number {
  const keepDays = reader.number('keepDays', undefined, { min: 0, max: KEEP_DAYS_MAX });
  const allowDeleteAll = reader.boolean('allowDeleteAll', false);
  // What was no number of days has been noted; nothing more is to be said of it.
  if (reader.value('keepDays') !== keepDays) return keepDays;
  if (keepDays === 0 && !allowDeleteAll)
    reader.problem(
      'keepDays',
      'is 0, which deletes everything: set `allowDeleteAll` if you mean it',
    );
  else if (keepDays < minAgeDays)
    reader.problem(
      'keepDays',
      `is ${keepDays}, below \`brakes.minAgeDays\`, which is ${minAgeDays}: lower that one if you mean it`,
    );
  return keepDays;
}

function readBrakes(reader: OptionReader): Brakes {
  return Object.freeze({
    maxRowsPerRun: reader.number('maxRowsPerRun', Infinity, { min: 1 }),
    maxFraction: reader.number('maxFraction', MAX_FRACTION, { min: 0, max: 1, integer: false }),
    minAgeDays: reader.number('minAgeDays', MIN_AGE_DAYS, { min: 0, max: KEEP_DAYS_MAX }),
  });
}

function readReceipts(reader: OptionReader, proof: ProofSource | null): Sink {
  const members = ['location', 'put', 'get', 'list', 'remove'];
  if (reader.has('receipts') || proof === null) return reader.adapter<Sink>('receipts', members);
  return proof.sink;
}

function readLimits(reader: OptionReader): RetentionLimits {
  const lease: LeaseLimits = readLeaseLimits(reader);
  return Object.freeze({
    ...lease,
    batchMaxRows: reader.number('batchMaxRows', BATCH_MAX_ROWS, { min: 1, max: BATCH_MAX_ROWS }),
    confirmAfterMs: reader.number('confirmAfterMs', 30_000, { min: 0, max: 600_000 }),
  });
}
