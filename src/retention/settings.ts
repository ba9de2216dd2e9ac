import type {
  Awaitable,
  CursorStore,
  Hold,
  Observer,
  OperationOptions,
  RetentionTarget,
  RetentionUnit,
  Runtime,
  Sink,
} from '../interfaces/index.js';
import type { LeaseLimits } from '../leases/leased-document.js';
import type { Brakes } from './decide/brakes.js';
import type { PolicyFingerprint } from './policy-document.js';

/** Holds, or a function that is asked for them at every plan, mark and sweep. */
export type HoldsOption =
  readonly Hold[] | ((options: OperationOptions) => Awaitable<readonly Hold[]>);

/** Whose objects prove that a row may go. */
export interface ProofSource {
  readonly sink: Sink;
  readonly exportId: string;
  /** Where the export keeps its checkpoint. */
  readonly store: CursorStore;
  readonly verify: 'head' | 'read';
  readonly allowTransformed: boolean;
}

/** Bounds of one policy. */
export interface RetentionLimits extends LeaseLimits {
  /** Most rows that one request deletes. */
  readonly batchMaxRows: number;
  /** How long after a deletion its rows are asked for again, in milliseconds. */
  readonly confirmAfterMs: number;
}

/** Everything a policy is made of, validated and frozen. */
export interface PolicySettings {
  readonly policyId: string;
  readonly target: RetentionTarget;
  readonly unit: RetentionUnit;
  readonly keepDays: number;
  readonly graceHours: number;
  readonly brakes: Brakes;
  readonly holds: HoldsOption;
  /** `null` when rows go without proof. */
  readonly proof: ProofSource | null;
  /** Where receipts are put. */
  readonly receipts: Sink;
  readonly store: CursorStore;
  readonly fingerprint: PolicyFingerprint;
  readonly observer: Observer | undefined;
  readonly limits: RetentionLimits;
  readonly runtime: Runtime;
  /** Tells this policy's leases from those of others. */
  readonly holder: string;
}
