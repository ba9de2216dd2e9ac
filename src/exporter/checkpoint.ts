import { CheckpointError } from '../errors/index.js';
import type { Cursor, Json } from '../interfaces/index.js';
import { type LeasedDocument, leaseProblem } from '../leases/leased-document.js';
import { canonicalJson } from '../util/canonical-json.js';

/** Version of the document's form. A higher one was written by a later release. */
const CHECKPOINT_VERSION = 1;
/**
 * Largest checkpoint that is ever saved: below the 256 KiB that every store takes. A decided commit holds its
 * cursor four times, so that it is enough for the longest cursor with the most objects.
 */
export const CHECKPOINT_MAX_BYTES: number = 240 * 1024;

/** What an export is: fixed by its first run, compared by every later one. */
export interface Fingerprint {
  readonly source: Json;
  readonly sink: string;
  readonly format: Json;
  readonly keys: Json;
}

/** Sums over a generation. */
export interface Totals {
  readonly rows: number;
  readonly objects: number;
  readonly bytes: number;
  readonly commits: number;
  readonly lateRows: number;
  readonly rejectedRows: number;
  readonly droppedRows: number;
}

/** What `sink.commit` needs of one object of a decided commit. */
export interface PendingObject {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly token: Json;
}

/** A commit that is decided: it can only be carried out, never taken back. */
export interface PendingCommit {
  readonly nonce: string;
  readonly sequence: number;
  readonly objects: readonly PendingObject[];
  readonly manifestKey: string;
  /** The manifest's exact text: every worker that carries out the commit puts the same bytes. */
  readonly manifest: string;
  /** Where reading goes on after this commit. */
  readonly cursor: Cursor;
  readonly watermark: string | null;
  /** The sums after this commit. */
  readonly totals: Totals;
  /** Set by `resolve('committed')`: the host vouches for the objects, which are not looked for any more. */
  readonly resolved: boolean;
}

/** Commits before `sequence` hold no row version from `version` on. */
export interface IndexFloor {
  readonly sequence: number;
  readonly version: string;
}

/** The durable record of progress of one export. */
export interface Checkpoint extends LeasedDocument {
  readonly version: number;
  readonly exportId: string;
  readonly fingerprint: Fingerprint;
  readonly generation: number;
  /** Everything up to here is committed; `null` at the beginning. */
  readonly cursor: Cursor | null;
  /** Number of the next commit. Never restarts. */
  readonly sequence: number;
  readonly pending: PendingCommit | null;
  /** ISO 8601: everything written to the source before this is committed. */
  readonly watermark: string | null;
  readonly totals: Totals;
  /** Key of the newest manifest of this generation; each manifest names the one before. */
  readonly lastManifestKey: string | null;
  /** Which commits hold no row version that a later read may give again; `null` until a lookback found out. */
  readonly indexFloor: IndexFloor | null;
  /** Keys of an abandoned commit, to be named in the next manifest. */
  readonly supersedes: readonly string[];
}

export const NO_TOTALS: Totals = Object.freeze({
  rows: 0,
  objects: 0,
  bytes: 0,
  commits: 0,
  lateRows: 0,
  rejectedRows: 0,
  droppedRows: 0,
});

/** Key of an export's checkpoint in the cursor store. */
export function checkpointKey(exportId: string): string {
  return `checkpoints/${exportId}`;
}

/** The checkpoint of an export that never ran. */
export function newCheckpoint(exportId: string, fingerprint: Fingerprint): Checkpoint {
  return {
    version: CHECKPOINT_VERSION,
    exportId,
    writeId: '',
    fingerprint,
    generation: 1,
    cursor: null,
    sequence: 1,
    fencingToken: 0,
    lease: null,
    pending: null,
    watermark: null,
    totals: NO_TOTALS,
    lastManifestKey: null,
    indexFloor: null,
    supersedes: [],
  };
}

/** Reads a stored checkpoint. Anything unexpected is an error: progress is never guessed. */
export function parseCheckpoint(document: Json, exportId: string): Checkpoint {
  const value = document as unknown as Checkpoint;
  if (typeof document !== 'object' || document === null) throw corrupt(exportId, 'is no object');
  if (typeof value.version !== 'number') throw corrupt(exportId, 'has no version');
  if (value.version > CHECKPOINT_VERSION) throw tooNew(exportId, value.version);
  if (value.version !== CHECKPOINT_VERSION) throw corrupt(exportId, 'has a bad version');
  const problem = formProblem(value, exportId);
  if (problem !== null) throw corrupt(exportId, problem);
  return value;
}

function formProblem(value: Checkpoint, exportId: string): string | null {
  if (value.exportId !== exportId) return `belongs to the export ${JSON.stringify(value.exportId)}`;
  for (const name of ['generation', 'sequence'] as const) {
    if (!Number.isSafeInteger(value[name]) || value[name] < 0) return `has a bad ${name}`;
  }
  for (const name of ['cursor', 'watermark', 'lastManifestKey'] as const) {
    if (value[name] !== null && typeof value[name] !== 'string') return `has a bad ${name}`;
  }
  const badLease = leaseProblem(value);
  if (badLease !== null) return badLease;
  if (value.indexFloor !== null && !isObject(value.indexFloor)) return 'has a bad index floor';
  if (!isObject(value.fingerprint)) return 'has no fingerprint';
  if (!isObject(value.totals)) return 'has no totals';
  for (const name of Object.keys(NO_TOTALS) as (keyof Totals)[]) {
    if (!Number.isSafeInteger(value.totals[name])) return `has a bad total of ${name}`;
  }
  if (!Array.isArray(value.supersedes)) return 'has no list of superseded keys';
  return value.pending === null ? null : pendingProblem(value.pending);
}

function pendingProblem(pending: PendingCommit): string | null {
  if (!isObject(pending)) return 'has a bad pending commit';
  const texts = [pending.nonce, pending.manifestKey, pending.manifest, pending.cursor];
  if (!texts.every((text) => typeof text === 'string')) return 'has a bad pending commit';
  const whole = Array.isArray(pending.objects) && pending.objects.every(isObject);
  return whole ? null : 'has a pending commit without its objects';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(exportId: string, problem: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_CORRUPT',
    `The checkpoint of export "${exportId}" ${problem}.`,
    {
      remedy: 'Restore an earlier revision of the document, or use a new export id.',
      details: { exportId, key: checkpointKey(exportId) },
    },
  );
}

function tooNew(exportId: string, version: number): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_VERSION',
    `The checkpoint of export "${exportId}" has form ${version}; this release reads up to ${CHECKPOINT_VERSION}.`,
    { remedy: 'Run the release that wrote it, or a later one.', details: { exportId, version } },
  );
}

/** Refuses a run whose source, sink, format or keys are not those of the export's first run. */
export function checkFingerprint(stored: Fingerprint, mine: Fingerprint, exportId: string): void {
  const changed = (Object.keys(mine) as (keyof Fingerprint)[]).filter(
    (part) => canonicalJson(stored[part] ?? null) !== canonicalJson(mine[part]),
  );
  if (changed.length === 0) return;
  const shown = changed.map(
    (part) =>
      `${part} was ${canonicalJson(stored[part] ?? null)} and is ${canonicalJson(mine[part])}`,
  );
  throw new CheckpointError(
    'FINGERPRINT_CHANGED',
    `Export "${exportId}" was begun with other settings: ${shown.join('; ')}.`,
    {
      remedy:
        'Go back to the old settings, use a new export id, or call reset() to begin again with the new ones.',
      details: { exportId, changed },
    },
  );
}
