import type {
  CursorStore,
  Json,
  OperationOptions,
  ProbeStep,
  SaveOptions,
  StoredDocument,
} from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { type S3BucketOptions, readBucketOptions } from '../../aws/bucket-options.js';
import type { S3Checksum } from '../../aws/checksum.js';
import { type S3Bucket, S3Connection } from '../../aws/connection.js';
import { type EncryptionInput, type S3Encryption, readEncryption } from '../../aws/encryption.js';
import { checkDocumentKey } from '../../util/document-key.js';
import { documentText } from '../../util/document-text.js';
import { findSpelling } from './conditional-writes.js';
import { type StoreContext, documentName } from './context.js';
import { makeId } from './envelope.js';
import { storeError } from './errors.js';
import { listDocuments } from './list-documents.js';
import { probeStore } from './probe-store.js';
import { readEnvelope } from './read-envelope.js';
import { formatRevision } from './revision.js';
import { saveAlone, saveConditionally } from './save.js';
import { SharedTrial } from './shared-trial.js';
import type { ETagSpelling } from './write-envelope.js';

/** Options of {@link s3CursorStore}. */
export interface S3CursorStoreOptions extends S3BucketOptions {
  /**
   * Folder of all documents, such as `braintrust/_cursors`, without a slash at either end.
   * @defaultValue '_cursors'
   */
  readonly prefix?: string | undefined;
  /**
   * Declares that never two processes write one document at a time, for services without conditional writes. Saves
   * then look before they write, and nothing notices when the declaration is wrong: checkpoints are overwritten, and
   * rows exported twice or left out. The store's name says so: it is `unsafe-s3`.
   * @defaultValue false
   */
  readonly singleWriter?: boolean | undefined;
  /**
   * Encryption at rest.
   * @defaultValue what the bucket does by itself
   */
  readonly encryption?: S3Encryption | undefined;
  /**
   * How the service checks each save's bytes. `md5` is for buckets that ask for Content-MD5 and for services that
   * know no other way.
   * @defaultValue 'crc32'
   */
  readonly checksum?: S3Checksum | undefined;
}

interface StoreSettings {
  readonly bucket: S3Bucket;
  readonly singleWriter: boolean;
  readonly encryption: EncryptionInput;
  readonly checksum: S3Checksum;
}

class S3CursorStore implements CursorStore {
  readonly name: string;
  readonly #context: StoreContext;
  readonly #singleWriter: boolean;
  readonly #spelling: SharedTrial<ETagSpelling>;

  constructor({ bucket, singleWriter, ...settings }: StoreSettings) {
    this.name = singleWriter ? 'unsafe-s3' : 's3';
    this.#context = { ...settings, connection: new S3Connection(bucket, 'store') };
    this.#singleWriter = singleWriter;
    this.#spelling = new SharedTrial((options) => findSpelling(this.#context, options));
  }

  load(key: string, options?: OperationOptions): Promise<StoredDocument | null> {
    return this.#perform(`load "${key}"`, options, async () => {
      checkDocumentKey(key);
      const stored = await readEnvelope(this.#context, documentName(key), options);
      if (stored === null || stored.document === undefined) return null;
      return { document: stored.document, revision: formatRevision(stored) };
    });
  }

  save(key: string, document: Json, options: SaveOptions): Promise<{ readonly revision: string }> {
    return this.#perform(`save "${key}"`, options, async () => {
      checkDocumentKey(key);
      return { revision: await this.#replace(key, documentText(key, document), options) };
    });
  }

  delete(key: string, options: SaveOptions & { readonly ifRevision: string }): Promise<void> {
    return this.#perform(`delete "${key}"`, options, async () => {
      checkDocumentKey(key);
      await this.#replace(key, null, options);
    });
  }

  async *list(prefix: string, options?: OperationOptions): AsyncIterable<string> {
    const keys = await this.#perform(`list "${prefix}"`, options, () =>
      listDocuments(this.#context, prefix, options),
    );
    for (const key of keys) {
      options?.signal?.throwIfAborted();
      yield key;
    }
  }

  probe(options: OperationOptions = {}): AsyncIterable<ProbeStep> {
    return probeStore(this.#context, options, {
      isSingleWriter: this.#singleWriter,
      findSpelling: () => this.#spelling.result(options),
    });
  }

  /** Writes a document, or a tombstone for `null`. */
  async #replace(key: string, text: string | null, options: SaveOptions): Promise<string> {
    const { runtime } = this.#context.connection.bucket;
    const id = makeId(() => runtime.id());
    const save = { key, name: documentName(key), id, documentText: text };
    if (this.#singleWriter) return await saveAlone(this.#context, save, options);
    const spelling = await this.#spelling.result(options);
    return await saveConditionally(this.#context, save, { ...options, spelling });
  }

  async #perform<T>(
    action: string,
    options: OperationOptions | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw storeError(error, action, this.#context);
    }
  }
}

/**
 * A cursor store of objects in a bucket of S3, or of a service that has its conditional writes: `If-None-Match` and
 * `If-Match` of `PutObject`. The document `a/b` is the object `{prefix}/a/b.json`: JSON, the document within an
 * envelope that holds a random id of its save. So no two saves have equal bytes, and no ETag ever comes back.
 *
 * - A save is one request that is never repeated here. What refuses it is looked at before a conflict is reported:
 *   the save may be there already, by a proxy that sent it twice. Any other failure leaves the outcome unknown.
 * - A delete writes a tombstone of 47 bytes by the same compare-and-swap, since most services know no conditional
 *   `DeleteObject`. Objects are never removed, and no right to remove them is needed.
 * - Before its first save a store finds out by trial whether the service keeps its preconditions, and how it wants
 *   ETags spelled: five small requests, seven where ETags have no quotes. They leave one object of 47 bytes,
 *   `{prefix}/probes/conditional-write`, which all stores of the prefix share. A failed trial is made again.
 * - A load is one request, and needs `s3:ListBucket` beside `s3:GetObject`: without it, S3 does not tell a missing
 *   document from a forbidden one, and that is an error, never `null`.
 *
 * In a versioned bucket every save leaves an older version behind; let a lifecycle rule end these. The bucket must
 * not remove documents by age, and must not archive them. A store holds no timers and needs no closing. Every request
 * is one `request` event, named after the operation of S3 (`put-object`).
 * @throws ConfigurationError `OPTION_INVALID`; the bucket itself is not looked at before the first request. Saves
 * throw `CAPABILITY_MISSING` where there are no conditional writes, unless `singleWriter` is declared.
 */
export function s3CursorStore(options: S3CursorStoreOptions): CursorStore {
  const settings = readOptions<StoreSettings>('s3CursorStore', options, (reader) => ({
    bucket: readBucketOptions(reader, '_cursors'),
    singleWriter: reader.boolean('singleWriter', false),
    encryption: readEncryption(reader),
    checksum: reader.oneOf('checksum', ['crc32', 'md5'], 'crc32'),
  }));
  return new S3CursorStore(settings);
}
