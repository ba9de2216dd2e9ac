import type { OperationOptions, TargetRow } from '../../interfaces/index.js';
import type { ManifestObject } from '../../exporter/manifest.js';
import { rowDigest } from '../../exporter/row-index.js';
import {
  type Catalog,
  type CatalogEntry,
  type CatalogSettings,
  type ProofFloor,
  entriesWith,
  floorOf,
  readCatalog,
} from './catalog.js';
import { IndexCache } from './index-cache.js';
import {
  type CheckedBy,
  type RetiredProof,
  type StandingSettings,
  StandingObjects,
} from './standing-objects.js';

export type { ProofFloor } from './catalog.js';

/** What row indexes may take in memory: four million row versions. One index alone may take more. */
const INDEX_MEMORY_BYTES = 64 * 1024 * 1024;

/** Which export is to prove, and how closely its objects are looked at. */
export interface ProofSettings extends CatalogSettings, StandingSettings {
  /**
   * How much memory the row indexes take together, in bytes; a larger one is held alone.
   * @defaultValue 64 MiB
   */
  readonly indexMemoryBytes?: number | undefined;
}

/** The object that holds a row version. */
export interface ArchivedIn {
  readonly manifestKey: string;
  readonly objectKey: string;
  readonly bytes: number;
  /** Rows in the object. */
  readonly rows: number;
  readonly sha256: string;
  readonly checkedBy: CheckedBy;
}

/**
 * Why a row version is not proven: no index names it, or only the dead letters do; or the objects that held it are
 * gone or are others.
 */
export type Unproven = 'not-exported' | 'rejected' | RetiredProof;

/** What is known of one row version. */
export type RowProof =
  | { readonly state: 'proven'; readonly archive: ArchivedIn }
  | { readonly state: 'unproven'; readonly why: Unproven };

/** What names a row version. */
export type RowVersionName = Pick<TargetRow, 'objectId' | 'id' | 'version'>;

/** Of several reasons the one is told that says most. */
const REASONS: readonly Unproven[] = [
  'not-exported',
  'rejected',
  'object-missing',
  'object-changed',
];

/** A row version that is looked for. */
interface Search {
  readonly version: string;
  readonly digest: Buffer;
  proof: RowProof;
}

/** An object that holds the row version of a search. */
interface Holding {
  readonly search: Search;
  readonly object: ManifestObject;
}

/**
 * Proves that row versions stand in committed objects, as far as the manifests told when it was opened: commits
 * made since prove nothing here.
 */
export class Proof {
  readonly #settings: ProofSettings;
  readonly #indexes: IndexCache;
  readonly #objects: StandingObjects;
  #catalog: Catalog;

  /** By {@link openProof}. */
  constructor(settings: ProofSettings, catalog: Catalog) {
    this.#settings = settings;
    this.#catalog = catalog;
    this.#indexes = new IndexCache(settings.sink, settings.indexMemoryBytes ?? INDEX_MEMORY_BYTES);
    this.#objects = new StandingObjects(settings);
  }

  /** What the loaded row indexes take in memory, in bytes. */
  get indexBytes(): number {
    return this.#indexes.bytes;
  }

  /**
   * What is known of each of these row versions, in their order. Give them in the order of their versions, call after
   * call: each row index is then read once. One call at a time. A version below the floor has all manifests read.
   * @throws `OBJECT_CORRUPT` or `MANIFEST_MISSING` when what should prove is not what was written, `PROOF_UNFIT`, and
   * the sink's errors. Nothing may be deleted then. An abort rejects with `signal.reason`.
   */
  async prove(
    rows: readonly RowVersionName[],
    operation: OperationOptions,
  ): Promise<readonly RowProof[]> {
    const searches = rows.map(searchOf);
    const versions = searches.map(({ version }) => version).sort();
    const { floor } = this.#catalog;
    if (floor !== null && versions.some((version) => version < floor.version))
      this.#catalog = await readCatalog(this.#settings, null, operation);
    for (const entry of entriesWith(this.#catalog, versions)) {
      const open = searches.filter(({ proof, version }) => {
        return proof.state === 'unproven' && isWithin(entry, version);
      });
      if (open.length > 0) await this.#consult(entry, open, operation);
    }
    return searches.map(({ proof }) => proof);
  }

  /**
   * Up to where an opening that proves rows of this version and later ones only can leave manifests out: its `from`.
   * `null` when it needs them all.
   */
  floor(lowestVersion: string): ProofFloor | null {
    return floorOf(this.#catalog, lowestVersion);
  }

  async #consult(
    entry: CatalogEntry,
    searches: readonly Search[],
    operation: OperationOptions,
  ): Promise<void> {
    const index = await this.#indexes.get(entry, operation);
    const { superseded } = this.#catalog;
    const holdings: Holding[] = [];
    for (const search of searches) {
      for (const holder of index.find(search.digest)) {
        if (holder === 'rejected') note(search, 'rejected');
        else if (!superseded.has(holder.key)) holdings.push({ search, object: holder });
      }
    }
    const objects = [...new Set(holdings.map(({ object }) => object))];
    const standings = await this.#objects.check(objects, operation);
    for (const { search, object } of holdings) {
      const standing = standings[objects.indexOf(object)];
      if (standing?.stands === true)
        search.proof = { state: 'proven', archive: archivedIn(entry, object, standing.checkedBy) };
      else if (standing !== undefined) note(search, standing.why);
    }
  }
}

/**
 * Opens the proof of an export: reads its manifests, once.
 * @throws `PROOF_UNFIT` when a manifest proves nothing about the target, or there is none; `OBJECT_CORRUPT` or
 * `MANIFEST_MISSING` when the manifests are not what was written; the sink's errors. An abort rejects with
 * `signal.reason`.
 */
export async function openProof(
  settings: ProofSettings,
  options: {
    /**
     * What an earlier opening gave as its floor.
     * @defaultValue null: all manifests are read
     */
    readonly from?: ProofFloor | null | undefined;
  },
  operation: OperationOptions,
): Promise<Proof> {
  return new Proof(settings, await readCatalog(settings, options.from ?? null, operation));
}

function searchOf({ objectId, id, version }: RowVersionName): Search {
  const digest = rowDigest(objectId, id, version);
  return { version, digest, proof: { state: 'unproven', why: 'not-exported' } };
}

function isWithin({ lowest, highest }: CatalogEntry, version: string): boolean {
  return lowest !== null && highest !== null && version >= lowest && version <= highest;
}

function note(search: Search, why: Unproven): void {
  if (search.proof.state === 'proven') return;
  if (REASONS.indexOf(why) > REASONS.indexOf(search.proof.why))
    search.proof = { state: 'unproven', why };
}

function archivedIn(
  { manifestKey }: CatalogEntry,
  { key, bytes, rows, sha256 }: ManifestObject,
  checkedBy: CheckedBy,
): ArchivedIn {
  return { manifestKey, objectKey: key, bytes, rows, sha256, checkedBy };
}
