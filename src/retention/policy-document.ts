import { CheckpointError } from '../errors/index.js';
import type { CursorStore, Json, RetentionUnit, Survey } from '../interfaces/index.js';
import {
  type DocumentPlace,
  type LeasedDocument,
  leaseProblem,
} from '../leases/leased-document.js';
import { canonicalJson } from '../util/canonical-json.js';
import type { Baseline } from './decide/cutoff.js';
import type { KeptReason } from './decide/judge.js';
import type { ProofFloor } from './proof/proof.js';

/** Version of the document's form. A higher one was written by a later release. */
const DOCUMENT_VERSION = 1;
/** Largest document that is ever saved: below the 256 KiB that every store takes. */
export const DOCUMENT_MAX_BYTES: number = 240 * 1024;

/** What a policy is about: fixed by its first mark. */
export interface PolicyFingerprint {
  readonly target: Json;
  readonly unit: RetentionUnit;
  /** Where the proof lies, or `null` when none is asked for. */
  readonly proof: Json;
}

/** Numbers of units and rows. */
export interface Counts {
  readonly units: number;
  readonly rows: number;
}

/** What stays, by the reason. */
export type KeptCounts = Readonly<Partial<Record<KeptReason, Counts>>>;

/** A batch whose deletion was decided and is not confirmed yet. Its rows stand in its intent. */
export interface OpenBatch {
  readonly number: number;
  /** Key of the intent in the receipts' sink. */
  readonly intentKey: string;
  readonly rows: number;
  /** When it was decided, by the host's clock, ISO 8601. */
  readonly openedAt: string;
}

/** How far the sweep of a mark has come. */
export interface SweepState {
  /** By the plane's clock, ISO 8601. */
  readonly startedAt: string;
  /** Units before this place are in batches, or stay. */
  readonly cursor: string | null;
  /** The scan begins again until nothing of it remained, three times at most. */
  readonly pass: number;
  /** True when something of this pass has to be tried once more. */
  readonly again: boolean;
  /** Number of the next batch. */
  readonly nextBatch: number;
  readonly open: readonly OpenBatch[];
  /** Objects, such as experiments, of which a batch was decided and which are not gone: their ids. */
  readonly begun: readonly string[];
  /** What is confirmed to be gone. */
  readonly deleted: Counts;
  /** Rows of batches that were there in a later version when they were asked for again. */
  readonly changedRows: number;
  /** Rows that were still there in the end, in the version that was to go. */
  readonly remainedRows: number;
  /** What stays, of this pass. */
  readonly kept: KeptCounts;
  /** The lowest version of what stays, of this pass; `null` when nothing does. */
  readonly lowestKept: string | null;
  /** The longest time between reading rows and sending their deletion, in milliseconds. */
  readonly readAgeMaxMs: number;
  /** Set when all is done but the receipt: when, ISO 8601. */
  readonly endedAt: string | null;
}

/** Rows that are to go when the grace is over. */
export interface Mark {
  readonly id: string;
  /** When it was made, by both clocks; ISO 8601. */
  readonly planeNow: string;
  readonly hostNow: string;
  readonly keepDays: number;
  readonly cutoff: string;
  readonly before: string;
  /** When the sweep may begin, by the plane's clock. */
  readonly dueAt: string;
  readonly survey: Survey;
  /** How many rows, or experiments, may go. */
  readonly allowance: number;
  /** Token of the plan that confirmed it, or `null`. */
  readonly planToken: string | null;
  /** When it was taken back, by the host's clock, ISO 8601; open batches are then settled, and nothing else is done. */
  readonly cancelledAt: string | null;
  readonly sweep: SweepState | null;
}

/** The durable record of one policy. */
export interface PolicyDocument extends LeasedDocument {
  readonly version: number;
  readonly policyId: string;
  readonly fingerprint: PolicyFingerprint;
  /** Number of the next mark. Never restarts. */
  readonly nextMark: number;
  readonly mark: Mark | null;
  /** Of the last mark that was swept, or of the last run that found nothing old enough. */
  readonly baseline: Baseline | null;
  readonly proofFloor: ProofFloor | null;
  readonly totals: Counts & { readonly marks: number };
}

/** The document of a policy that never ran. */
export function newPolicyDocument(
  policyId: string,
  fingerprint: PolicyFingerprint,
): PolicyDocument {
  return {
    version: DOCUMENT_VERSION,
    policyId,
    writeId: '',
    fencingToken: 0,
    lease: null,
    fingerprint,
    nextMark: 1,
    mark: null,
    baseline: null,
    proofFloor: null,
    totals: { units: 0, rows: 0, marks: 0 },
  };
}

/** How many rows, or experiments, were decided under a mark so far: confirmed, or not yet. */
export function decidedUnder({ survey, sweep }: Mark): number {
  if (sweep === null) return 0;
  const { deleted, open, begun } = sweep;
  if (survey.of === 'rows') return open.reduce((sum, { rows }) => sum + rows, deleted.rows);
  return deleted.units + begun.length;
}

/** The state of a sweep that begins. */
export function newSweep(startedAt: Date): SweepState {
  return {
    startedAt: startedAt.toISOString(),
    cursor: null,
    pass: 1,
    again: false,
    nextBatch: 1,
    open: [],
    begun: [],
    deleted: { units: 0, rows: 0 },
    changedRows: 0,
    remainedRows: 0,
    kept: {},
    lowestKept: null,
    readAgeMaxMs: 0,
    endedAt: null,
  };
}

/** Where the document of a policy is. */
export function policyPlace(store: CursorStore, policyId: string): DocumentPlace<PolicyDocument> {
  return { store, key: `retention/${policyId}`, parse: (stored) => parse(stored, policyId) };
}

/** Reads a stored document. Anything unexpected is an error: what is marked is never guessed. */
function parse(stored: Json, policyId: string): PolicyDocument {
  if (!isObject(stored)) throw corrupt(policyId, 'is no object');
  const value = stored as unknown as PolicyDocument;
  if (typeof value.version === 'number' && value.version > DOCUMENT_VERSION) {
    throw new CheckpointError(
      'CHECKPOINT_VERSION',
      `The document of retention policy "${policyId}" has form ${value.version}; this release reads up to ${DOCUMENT_VERSION}.`,
      { remedy: 'Run the release that wrote it, or a later one.', details: { policyId } },
    );
  }
  const problem =
    value.version === DOCUMENT_VERSION ? formProblem(value, policyId) : 'has a bad version';
  if (problem !== null) throw corrupt(policyId, problem);
  return value;
}

function formProblem(value: PolicyDocument, policyId: string): string | null {
  if (value.policyId !== policyId) return `belongs to ${JSON.stringify(value.policyId)}`;
  if (!isObject(value.fingerprint)) return 'has no fingerprint';
  if (!isCount(value.nextMark)) return 'has a bad number of marks';
  if (!isObject(value.totals)) return 'has no totals';
  if (value.baseline !== null && !isBaseline(value.baseline)) return 'has a bad baseline';
  if (value.proofFloor !== null && !isFloor(value.proofFloor))
    return 'has a bad floor of its proof';
  const problem = value.mark === null ? null : markProblem(value.mark);
  return problem ?? leaseProblem(value);
}

function isBaseline(baseline: Baseline): boolean {
  return isObject(baseline) && areTimes(baseline, ['cutoff', 'planeNow', 'hostNow']);
}

function isFloor(floor: ProofFloor): boolean {
  return (
    isObject(floor) && [floor.manifestKey, floor.version].every((text) => typeof text === 'string')
  );
}

function markProblem(mark: Mark): string | null {
  const times = ['planeNow', 'hostNow', 'cutoff', 'before', 'dueAt'] as const;
  if (!isObject(mark) || typeof mark.id !== 'string') return 'has a mark without an id';
  if (!areTimes(mark, times)) return 'has a mark with a bad time';
  if (!isCount(mark.allowance)) return 'has a mark with a bad allowance';
  if (!isObject(mark.survey)) return 'has a mark without its counts';
  return mark.sweep === null ? null : sweepProblem(mark.sweep);
}

function sweepProblem(sweep: SweepState): string | null {
  if (!isObject(sweep) || !areTimes(sweep, ['startedAt'])) return 'has a bad sweep';
  if (sweep.cursor !== null && typeof sweep.cursor !== 'string') return 'has a bad cursor';
  const counts = [sweep.pass, sweep.nextBatch, sweep.changedRows, sweep.remainedRows];
  if (!counts.every((count) => isCount(count))) return 'has a sweep with a bad number';
  if (!isCount(sweep.deleted?.rows) || !isCount(sweep.deleted.units)) return 'has a bad sweep';
  const isBatch = (batch: OpenBatch): boolean =>
    isObject(batch) && isCount(batch.number) && typeof batch.intentKey === 'string';
  if (!Array.isArray(sweep.open) || !sweep.open.every(isBatch)) return 'has a bad open batch';
  const isText = (id: unknown): boolean => typeof id === 'string';
  if (!Array.isArray(sweep.begun) || !sweep.begun.every(isText)) return 'has a bad sweep';
  return isObject(sweep.kept) ? null : 'has a bad sweep';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function areTimes<T extends object>(value: T, names: readonly (keyof T)[]): boolean {
  return names.every((name) => !Number.isNaN(Date.parse(String(value[name]))));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(policyId: string, problem: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_CORRUPT',
    `The document of retention policy "${policyId}" ${problem}.`,
    {
      remedy: 'Restore an earlier revision of the document, or use a new policy id.',
      details: { policyId },
    },
  );
}

/** Refuses a policy whose target, unit or proof are not those of its first mark. */
export function checkPolicy(
  stored: PolicyFingerprint,
  mine: PolicyFingerprint,
  policyId: string,
): void {
  const changed = (Object.keys(mine) as (keyof PolicyFingerprint)[]).filter(
    (part) => canonicalJson(stored[part] ?? null) !== canonicalJson(mine[part]),
  );
  if (changed.length === 0) return;
  const shown = changed.map(
    (part) =>
      `${part} was ${canonicalJson(stored[part] ?? null)} and is ${canonicalJson(mine[part])}`,
  );
  throw new CheckpointError(
    'FINGERPRINT_CHANGED',
    `Retention policy "${policyId}" was begun with other settings: ${shown.join('; ')}.`,
    {
      remedy: 'Go back to the old settings, or use a new policy id.',
      details: { policyId, changed },
    },
  );
}
