import { createHash } from 'node:crypto';

import { RetentionError, SinkError } from '../../errors/index.js';
import {
  type Manifest,
  type ManifestEntry,
  parseManifestKey,
  readManifests,
} from '../../exporter/manifest.js';
import type { OperationOptions, Sink } from '../../interfaces/index.js';
import { compareKeys } from '../../util/key-order.js';
import type { ExportState } from './export-state.js';
import { type FitnessSettings, fitnessProblem, unfit } from './fitness.js';

/**
 * Up to where the manifests of an export can be left out. A manifest supersedes earlier ones only, so that whatever
 * those up to the floor supersede lies below it as well, and leaving them out brings nothing superseded back.
 */
export interface ProofFloor {
  /** The last manifest to be left out. */
  readonly manifestKey: string;
  /** All row versions up to there lie below this one: a row of a lower version needs all manifests. */
  readonly version: string;
}

/** What is kept of a manifest. */
export interface CatalogEntry {
  readonly manifestKey: string;
  /** Lowest and highest version of its rows; `null` when it has none. */
  readonly lowest: string | null;
  readonly highest: string | null;
  /** Digest of the manifest: read again, it must be the same. */
  readonly digest: string;
}

/** The manifests of an export that count, in the order of their commits. */
export interface Catalog {
  readonly entries: readonly CatalogEntry[];
  /** Keys of objects and manifests that prove nothing, because a manifest says so. */
  readonly superseded: ReadonlySet<string>;
  /** What was left out. */
  readonly floor: ProofFloor | null;
}

export interface CatalogSettings extends FitnessSettings {
  readonly sink: Sink;
  readonly exportId: string;
  /** What the checkpoint says; `null` when there is none to ask: the newest manifest then proves nothing. */
  readonly state: ExportState | null;
}

/**
 * Reads all manifests of an export that lie after the floor, once.
 * @throws `OBJECT_CORRUPT`, `MANIFEST_MISSING` for a hole in the chain, `PROOF_UNFIT` for one that proves nothing
 * about the target or for an export without manifests: each may mean that what stands is not what was written.
 */
export async function readCatalog(
  settings: CatalogSettings,
  floor: ProofFloor | null,
  operation: OperationOptions,
): Promise<Catalog> {
  const { sink, exportId, state } = settings;
  const after = floor === null ? {} : { after: floor.manifestKey };
  const seen = new Set<string>();
  const superseded = new Set<string>(state?.unsettled);
  const found: CatalogEntry[] = [];
  const problems = new Map<string, string>();
  for await (const entry of readManifests(sink, { ...operation, exportId, ...after })) {
    checkPlace(exportId, entry);
    checkPrevious(sink, entry, (key) => seen.has(key) || isBelow(key, floor));
    seen.add(entry.manifestKey);
    for (const key of entry.manifest.supersedes) superseded.add(key);
    found.push(catalogEntry(entry));
    const problem = fitnessProblem(entry.manifest, settings);
    if (problem !== null) problems.set(entry.manifestKey, problem);
  }
  if (found.length === 0) {
    if (floor !== null) return await readCatalog(settings, null, operation);
    throw noManifests(settings);
  }
  checkNewest(settings, (key) => seen.has(key) || isBelow(key, floor));
  // Only a checkpoint can tell that the newest commit was given up: without one it may be.
  const newest = found.at(-1)?.manifestKey;
  if (state === null && newest !== undefined) superseded.add(newest);
  const entries = found.filter(({ manifestKey }) => !superseded.has(manifestKey));
  for (const { manifestKey } of entries) {
    const problem = problems.get(manifestKey);
    if (problem !== undefined) throw unfit(manifestKey, problem);
  }
  return { entries, superseded, floor };
}

/** The floor below which no row of `version` or a later one can be, or `null` when nothing can be left out. */
export function floorOf(catalog: Catalog, version: string): ProofFloor | null {
  const { entries, floor } = catalog;
  if (floor !== null && version < floor.version) return null;
  const needed = entries.findIndex(({ highest }) => highest !== null && highest >= version);
  const leftOut = needed === -1 ? entries : entries.slice(0, needed);
  const manifestKey = leftOut.at(-1)?.manifestKey ?? floor?.manifestKey;
  return manifestKey === undefined ? null : { manifestKey, version };
}

/** The manifests that can hold one of these versions, which ascend. */
export function entriesWith(catalog: Catalog, versions: readonly string[]): CatalogEntry[] {
  return catalog.entries.filter(({ lowest, highest }) => {
    if (lowest === null || highest === null) return false;
    const first = versions[placeOf(versions, lowest)];
    return first !== undefined && first <= highest;
  });
}

/** Digest of a manifest's members. */
export function manifestDigest(manifest: Manifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}

function catalogEntry({ manifestKey, manifest }: ManifestEntry): CatalogEntry {
  return {
    manifestKey,
    lowest: manifest.minVersion ?? lowestOf(manifest),
    highest: manifest.maxVersion,
    digest: manifestDigest(manifest),
  };
}

/** For a manifest that does not tell: its dead letters, whose versions are in no object, can begin anywhere. */
function lowestOf({ objects, rejected }: Manifest): string | null {
  if (rejected !== null) return '';
  const versions = objects
    .map(({ minVersion }) => minVersion)
    .filter((version) => version !== null);
  return versions.sort()[0] ?? null;
}

/** Where the first of ascending versions stands that is not below `version`. */
function placeOf(versions: readonly string[], version: string): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle] ?? '') < version) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBelow(key: string, floor: ProofFloor | null): boolean {
  return floor !== null && compareKeys(key, floor.manifestKey) <= 0;
}

/** The checkpoint names the newest manifest: without it, what it superseded would count again. */
function checkNewest({ sink, state }: CatalogSettings, isThere: (key: string) => boolean): void {
  const key = state?.lastManifestKey ?? null;
  if (key === null || isThere(key)) return;
  throw new SinkError('MANIFEST_MISSING', `The manifest ${key} is not in ${sink.location}.`, {
    remedy: 'Restore it from a copy: without it nobody can tell what still counts.',
    details: { key },
  });
}

/** A manifest says itself where it belongs: one that was copied or renamed does not count for another. */
function checkPlace(exportId: string, { manifestKey, manifest }: ManifestEntry): void {
  const place = parseManifestKey(exportId, manifestKey);
  const isInPlace =
    manifest.exportId === exportId &&
    place?.generation === manifest.generation &&
    place.sequence === manifest.sequence;
  if (isInPlace) return;
  throw new SinkError('OBJECT_CORRUPT', `The manifest ${manifestKey} is one of another commit.`, {
    remedy: 'Restore it from a copy, and remove what is no manifest from the folder.',
    details: { key: manifestKey },
  });
}

function checkPrevious(
  sink: Sink,
  { manifestKey, manifest }: ManifestEntry,
  isThere: (key: string) => boolean,
): void {
  const { previous } = manifest;
  if (previous === null || isThere(previous)) return;
  throw new SinkError(
    'MANIFEST_MISSING',
    `The manifest ${previous}, which ${manifestKey} follows, is not in ${sink.location}.`,
    {
      remedy: 'Restore it from a copy; without it, nothing is proven.',
      details: { key: previous },
    },
  );
}

function noManifests({ exportId, sink }: CatalogSettings): RetentionError {
  return new RetentionError(
    'PROOF_UNFIT',
    `Export "${exportId}" has no manifests in ${sink.location}.`,
    {
      remedy: 'Run the export first, or name the sink and the id that it writes with.',
      details: { exportId },
    },
  );
}
