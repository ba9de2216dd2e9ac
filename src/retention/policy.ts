import { RetentionError } from '../errors/index.js';
import type { TestResult } from '../exporter/results.js';
import type { OperationOptions } from '../interfaces/index.js';
import { type OptionReader, readOptions } from '../options/index.js';
import { readSignal } from '../options/read-signal.js';
import { Lifetime } from '../util/lifetime.js';
import { cancelMark } from './cancel.js';
import { type RetentionPlan, makePlan } from './plan.js';
import { testPolicy } from './probe.js';
import { historyOf, pauseOf } from './records.js';
import type {
  RetentionRecord,
  RetentionResult,
  RetentionRunOptions,
  RetentionStatus,
} from './results.js';
import { runPolicy } from './run.js';
import type { PolicySettings } from './settings.js';
import { policyStatus } from './status.js';

/**
 * Deletes old data by rule, in two phases: a mark, and after its grace a sweep. Made by `createRetentionPolicy`.
 *
 * One instance does one `run` at a time and refuses a second with `POLICY_BUSY`. All else may be called at any time.
 */
export interface RetentionPolicy extends AsyncDisposable {
  readonly id: string;
  /**
   * What would go now, what stays and why, and whether a run would do anything. Reads all candidates, as a sweep
   * does, and changes nothing. Takes one to two requests for 1,000 rows.
   * @throws what a sweep would throw before it deletes: `PROOF_UNFIT`, `OBJECT_CORRUPT`, `SourceError`s.
   */
  plan(options?: OperationOptions): Promise<RetentionPlan>;
  /**
   * One bounded pass. Without a mark: makes one. With a mark whose grace is over: sweeps it, or goes on. Safe to call
   * from several processes: one works, the others answer `locked`.
   * @throws RetentionError `PLAN_NEEDED` when a brake holds, `PLAN_INVALID`; what else made it fail. The next run goes
   *   on; nothing that was deleted is without a receipt.
   */
  run(options?: RetentionRunOptions): Promise<RetentionResult>;
  /**
   * Takes the present mark back, also from a sweep under way, which stops before its next deletion. What it has
   * deleted stays deleted.
   * @throws RetentionError `MARK_UNKNOWN`.
   */
  cancel(markId: string, options?: OperationOptions): Promise<void>;
  /** Where the policy stands. Reads only. */
  status(options?: OperationOptions): Promise<RetentionStatus>;
  /** The recent runs, newest first, 50 at most. */
  history(options?: OperationOptions): Promise<readonly RetentionRecord[]>;
  /** Tries what a run needs: rights, filters, clocks, proof, receipts, cursor store. Deletes nothing. */
  test(options?: OperationOptions): Promise<TestResult>;
  /** Lets no run begin, in any process, until `resume()`; a sweep ends before its next batch. Durable. */
  pause(options?: OperationOptions): Promise<void>;
  resume(options?: OperationOptions): Promise<void>;
  /** Ends a run under way by abort, waits for it, and refuses all later calls. Idempotent. */
  close(): Promise<void>;
}

/** The policy of validated settings. */
export function policyOf(settings: PolicySettings): RetentionPolicy {
  return new PolicyInstance(settings);
}

class PolicyInstance implements RetentionPolicy {
  readonly #settings: PolicySettings;
  readonly #lifetime: Lifetime;

  constructor(settings: PolicySettings) {
    this.#settings = settings;
    const { policyId, observer } = settings;
    const errors = { busy: () => busyError(policyId), closed: () => closedError(policyId) };
    this.#lifetime = new Lifetime(errors, observer);
  }

  get id(): string {
    return this.#settings.policyId;
  }

  async plan(options: OperationOptions = {}): Promise<RetentionPlan> {
    return await makePlan(this.#settings, this.#lifetime.operation(options));
  }

  async run(options: RetentionRunOptions = {}): Promise<RetentionResult> {
    const { maxRowsPerRun } = this.#settings.brakes;
    const checked = readOptions('run', options, (reader) => ({
      signal: readSignal(reader),
      plan: readPlan(reader),
      maxRows: reader.number('maxRows', maxRowsPerRun, { min: 1 }),
      maxDurationMs: reader.number('maxDurationMs', Infinity, { min: 0 }),
    }));
    return await this.#lifetime.alone(checked, (operation) =>
      runPolicy(this.#settings, { ...checked, ...operation }),
    );
  }

  async cancel(markId: string, options: OperationOptions = {}): Promise<void> {
    readOptions('cancel', { markId }, (reader) => ({ markId: reader.string('markId') }));
    await cancelMark(this.#settings, markId, this.#lifetime.operation(options));
  }

  async status(options: OperationOptions = {}): Promise<RetentionStatus> {
    return await policyStatus(this.#settings, this.#lifetime.operation(options));
  }

  async history(options: OperationOptions = {}): Promise<readonly RetentionRecord[]> {
    return await historyOf(this.#settings).load(this.#lifetime.operation(options));
  }

  async test(options: OperationOptions = {}): Promise<TestResult> {
    return await testPolicy(this.#settings, this.#lifetime.operation(options));
  }

  async pause(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(true, options);
  }

  async resume(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(false, options);
  }

  async close(): Promise<void> {
    await this.#lifetime.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #setPaused(paused: boolean, options: OperationOptions): Promise<void> {
    const mark = { paused, at: this.#settings.runtime.now() };
    await pauseOf(this.#settings).change(mark, this.#lifetime.operation(options));
  }
}

function readPlan(reader: OptionReader): RetentionPlan | undefined {
  if (!reader.has('plan')) return undefined;
  return reader.adapter<RetentionPlan>('plan', ['policyId', 'cutoff', 'before', 'go', 'token']);
}

function busyError(policyId: string): RetentionError {
  return new RetentionError('POLICY_BUSY', `The retention policy "${policyId}" is at work.`, {
    remedy: 'Await the run under way before the next one.',
  });
}

function closedError(policyId: string): RetentionError {
  return new RetentionError('POLICY_CLOSED', `The retention policy "${policyId}" was closed.`, {
    remedy: 'Create a new one.',
  });
}
