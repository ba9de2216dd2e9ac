import { randomBytes } from 'node:crypto';

import type { ChecksumAlgorithm } from './body/checksum.js';
import type { BucketSettings, ObjectChecksum, ObjectEncryption } from './types.js';

/** What the creator of an object says of it. */
export interface ObjectAttributes {
  readonly contentType: string;
  /** Cache-Control and its kin, given back as they came. */
  readonly standardHeaders: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly acl: string | null;
  readonly encryption: ObjectEncryption;
}

/** One version of a key: an object, or the marker of a deletion. */
export interface StoredVersion {
  readonly key: string;
  /** `null` in a bucket without versions, as S3 writes it. */
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly chunks: readonly Buffer[];
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
  readonly attributes: ObjectAttributes;
  readonly checksum: ObjectChecksum | null;
}

export interface StoredPart {
  readonly number: number;
  readonly chunks: readonly Buffer[];
  readonly size: number;
  readonly etag: string;
  readonly md5: Buffer;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  readonly lastModified: Date;
}

export interface StoredUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: Date;
  readonly initiator: string;
  readonly attributes: ObjectAttributes;
  readonly checksumAlgorithm: ChecksumAlgorithm | null;
  readonly checksumType: ObjectChecksum['type'];
  readonly parts: Map<number, StoredPart>;
}

/** A completion that happened, for the client that asks again. */
export interface CompletedUpload {
  readonly key: string;
  readonly version: StoredVersion;
}

interface Contents {
  readonly versions: Map<string, readonly StoredVersion[]>;
  readonly uploads: Map<string, StoredUpload>;
  readonly completed: Map<string, CompletedUpload>;
}

/** What is in one bucket. Every change is synchronous, so each is atomic. */
export class BucketState {
  readonly name: string;
  readonly settings: BucketSettings;
  readonly created: Date;
  #isVersioned: boolean;
  #contents: Contents = { versions: new Map(), uploads: new Map(), completed: new Map() };
  #sortedKeys: readonly string[] | null = null;

  constructor(name: string, settings: BucketSettings, created: Date) {
    this.name = name;
    this.settings = settings;
    this.created = created;
    this.#isVersioned = settings.versioned === true || settings.objectLock === true;
  }

  get uploads(): Map<string, StoredUpload> {
    return this.#contents.uploads;
  }

  get completed(): Map<string, CompletedUpload> {
    return this.#contents.completed;
  }

  get isVersioned(): boolean {
    return this.#isVersioned;
  }

  /** Keeps every version from now on. */
  enableVersioning(): void {
    this.#isVersioned = true;
  }

  /** All versions of a key, the oldest first. */
  versions(key: string): readonly StoredVersion[] {
    return this.#contents.versions.get(key) ?? [];
  }

  /** The newest version of a key, a marker included. */
  newest(key: string): StoredVersion | null {
    return this.versions(key).at(-1) ?? null;
  }

  /** The object that a reader sees under a key. */
  current(key: string): StoredVersion | null {
    const newest = this.newest(key);
    return newest === null || newest.isMarker ? null : newest;
  }

  /** Puts a version on top; without versioning it replaces what is there. */
  add(version: Omit<StoredVersion, 'versionId'>): StoredVersion {
    const stored = { ...version, versionId: this.isVersioned ? newId() : 'null' };
    const before = this.isVersioned ? this.versions(version.key) : [];
    this.#set(version.key, [...before, stored]);
    return stored;
  }

  /** Takes one version away for good. */
  drop(key: string, versionId: string): void {
    this.#set(
      key,
      this.versions(key).filter((version) => version.versionId !== versionId),
    );
  }

  /** Keys with any version, in the order of their UTF-8 bytes. */
  sortedKeys(): readonly string[] {
    this.#sortedKeys ??= sortByBytes([...this.#contents.versions.keys()]);
    return this.#sortedKeys;
  }

  /** Bytes of all versions and all parts. */
  storedBytes(): number {
    let total = 0;
    for (const versions of this.#contents.versions.values()) {
      for (const version of versions) total += version.size;
    }
    for (const upload of this.uploads.values()) {
      for (const part of upload.parts.values()) total += part.size;
    }
    return total;
  }

  /** Runs an effect and undoes it: its answer without its traces. */
  pretend<Result>(effect: () => Result): Result {
    const { versions, uploads, completed } = this.#contents;
    this.#contents = {
      versions: new Map(versions),
      uploads: new Map([...uploads].map(([id, upload]) => [id, copyOf(upload)])),
      completed: new Map(completed),
    };
    try {
      return effect();
    } finally {
      this.#contents = { versions, uploads, completed };
      this.#sortedKeys = null;
    }
  }

  #set(key: string, versions: readonly StoredVersion[]): void {
    const wasKnown = this.#contents.versions.has(key);
    if (versions.length === 0) this.#contents.versions.delete(key);
    else this.#contents.versions.set(key, versions);
    if (wasKnown !== versions.length > 0) this.#sortedKeys = null;
  }
}

function copyOf(upload: StoredUpload): StoredUpload {
  return { ...upload, parts: new Map(upload.parts) };
}

/** A new opaque id. */
export function newId(): string {
  return randomBytes(24).toString('base64url');
}

/** In the order of UTF-8 bytes, which is not that of UTF-16. */
export function sortByBytes(keys: readonly string[]): readonly string[] {
  return keys
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
    .map(({ key }) => key);
}
