import { PassThrough, Writable } from 'node:stream';

import pLimit from 'p-limit';

import { type S3BucketOptions, readBucketOptions } from '../../aws/bucket-options.js';
import { S3Connection } from '../../aws/connection.js';
import { S3Failure, isFailure } from '../../aws/failure.js';
import { loadPackage } from '../../aws/load-package.js';
import { ExportError } from '../../errors/index.js';
import type { Observer } from '../../interfaces/index.js';
import { type OptionReader, readOptions } from '../../options/index.js';
import { type SinkContext, objectInput } from './context.js';
import { objectExists, sinkError, tooManyParts } from './errors.js';
import { headObject } from './head-object.js';
import { MARK_METADATA, type S3ObjectOptions, readObjectOptions } from './object-options.js';
import { uploadClient } from './upload-client.js';

const MEBIBYTE = 1024 * 1024;
const PARTS_MAX = 10_000;

/** Options of {@link s3Upload}. */
export interface S3UploadOptions extends S3BucketOptions, S3ObjectOptions {
  /** Key of the object, exactly. */
  readonly key: string;
  /**
   * Folder that the key is below.
   * @defaultValue the whole bucket
   */
  readonly prefix?: string | undefined;
  /** @defaultValue 'application/octet-stream' */
  readonly contentType?: string | undefined;
  /**
   * Whether an object that has the key already is replaced; else the upload fails at its end with `OBJECT_EXISTS`.
   * @defaultValue false
   */
  readonly replace?: boolean | undefined;
  /**
   * Size of a part, in bytes; an upload has 10,000 at most. `partsInFlight` and one more are in memory.
   * @defaultValue 8_388_608 (8 MiB)
   */
  readonly partBytes?: number | undefined;
  /**
   * Parts under way at a time.
   * @defaultValue 4
   */
  readonly partsInFlight?: number | undefined;
  /** Receives `request` and `retry` events. */
  readonly observer?: Observer | undefined;
}

interface UploadSettings {
  readonly context: SinkContext;
  readonly key: string;
  readonly contentType: string;
  readonly replace: boolean;
  readonly partsInFlight: number;
  readonly observer: Observer | undefined;
}

/**
 * A writable stream whose bytes become one object of a bucket, sent by `Upload` of `@aws-sdk/lib-storage`: for
 * `exportOnce`, or for anything else that writes to a stream. What is smaller than a part is put in one request.
 *
 * The object is visible once the stream has finished, and not before; it is whole. A stream that is destroyed, or
 * fails, ends its upload and leaves nothing, unless the completion was sent already. Nothing is sent before the first
 * byte or the end.
 * @throws ConfigurationError `OPTION_INVALID`. The stream fails with `CAPABILITY_MISSING` when the package is not
 *   installed, and with the `SinkError`s of `s3Sink`, among them `OBJECT_EXISTS`.
 */
export function s3Upload(options: S3UploadOptions): Writable {
  return new UploadStream(readOptions('s3Upload', options, readSettings));
}

function readSettings(reader: OptionReader): UploadSettings {
  const partBytes = reader.number('partBytes', 8 * MEBIBYTE, { min: 5 * MEBIBYTE, max: 2 ** 30 });
  const connection = new S3Connection(readBucketOptions(reader, ''), 'sink');
  const objects = readObjectOptions(reader);
  return {
    context: { connection, objects, checksum: 'crc32', partBytes, parts: pLimit(1) },
    key: reader.string('key'),
    contentType: reader.string('contentType', 'application/octet-stream'),
    replace: reader.boolean('replace', false),
    partsInFlight: reader.number('partsInFlight', 4, { min: 1, max: 64 }),
    observer: reader.func<Observer>('observer'),
  };
}

class UploadStream extends Writable {
  readonly #settings: UploadSettings;
  readonly #body = new PassThrough();
  readonly #stop = new AbortController();
  #bytes = 0;
  #uploaded: Promise<boolean> | null = null;

  constructor(settings: UploadSettings) {
    super();
    this.#settings = settings;
    // Its failure reaches whoever reads it, or is nobody's.
    this.#body.on('error', () => undefined);
  }

  override _write(piece: Buffer, _encoding: string, done: (error?: Error) => void): void {
    const { key, context } = this.#settings;
    this.#bytes += piece.length;
    if (this.#bytes > PARTS_MAX * context.partBytes) return done(tooManyParts(key, PARTS_MAX));
    void this.#begin();
    if (this.#body.write(piece)) done();
    else this.#body.once('drain', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    void this.#finish(done);
  }

  /** Is done only when nothing is under way any more: parts that arrive after their upload ended would stay. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const reason = error ?? new Error('The upload was given up.');
    this.#stop.abort(reason);
    this.#body.destroy(reason);
    void this.#settle(() => done(error));
  }

  async #finish(done: () => void): Promise<void> {
    const uploaded = this.#begin();
    this.#body.end();
    // Should it fail, the stream is destroyed with its error.
    if (await uploaded) done();
  }

  async #settle(done: () => void): Promise<void> {
    await this.#uploaded;
    done();
  }

  /** Whether the object is there; a failure destroys the stream. Never rejects. */
  #begin(): Promise<boolean> {
    this.#uploaded ??= this.#upload().then(
      () => true,
      (error: Error) => {
        this.destroy(error);
        return false;
      },
    );
    return this.#uploaded;
  }

  async #upload(): Promise<void> {
    const { context, key } = this.#settings;
    const mark = context.connection.bucket.runtime.id();
    const failure = await this.#send(mark).then(
      () => null,
      (error: unknown) => error,
    );
    this.#stop.signal.throwIfAborted();
    if (failure !== null && !this.#body.writableEnded) throw this.#errorOf(failure);
    const seen = await this.#look(mark);
    if (seen === 'ours' || (seen === 'unknown' && failure === null)) return;
    if (isFailure(failure, 'precondition-failed')) throw objectExists(key);
    throw this.#errorOf(failure ?? nothingKept());
  }

  /** Whether the object is there: a lost answer hides a success, and a success is seen, not believed. */
  async #look(mark: string): Promise<'ours' | 'not-ours' | 'unknown'> {
    const { context, key, observer } = this.#settings;
    try {
      const seen = await headObject(context, key, { signal: this.#stop.signal, observer });
      return seen?.mark === mark && seen.bytes === this.#bytes ? 'ours' : 'not-ours';
    } catch {
      // Such as without the right to read: what the upload itself said is what counts then.
      return 'unknown';
    }
  }

  async #send(mark: string): Promise<void> {
    const { context, contentType, replace, partsInFlight, observer } = this.#settings;
    const { objects, partBytes, connection } = context;
    const { Upload } = await loadPackage(
      '@aws-sdk/lib-storage',
      () => import('@aws-sdk/lib-storage'),
    );
    const upload = new Upload({
      client: uploadClient(connection, { signal: this.#stop.signal, observer }),
      params: {
        ...objectInput(context, this.#settings.key),
        ...objects.shared,
        Body: this.#body,
        ContentType: contentType,
        Metadata: { ...objects.shared.Metadata, [MARK_METADATA]: mark },
        ...(objects.storageClass === undefined
          ? {}
          : { StorageClass: objects.storageClass as 'STANDARD' }),
        ...(replace ? {} : { IfNoneMatch: '*' }),
      },
      partSize: partBytes,
      queueSize: partsInFlight,
      leavePartsOnError: false,
    });
    await upload.done();
  }

  #errorOf(failure: unknown): unknown {
    const { context, key } = this.#settings;
    if (ExportError.isInstance(failure)) return failure;
    // What `Upload` itself throws is about answers that lack what belongs to them.
    const known = isFailure(failure) ? failure : unexpected(failure);
    return sinkError(known, `upload "${key}"`, context.connection.bucket.bucket);
  }
}

function nothingKept(): S3Failure {
  const [operation, kind] = ['PutObject', 'unavailable'] as const;
  return new S3Failure({ operation, kind, code: 'NothingKept', status: 200, cause: undefined });
}

function unexpected(cause: unknown): S3Failure {
  const [operation, kind] = ['UploadPart', 'not-s3'] as const;
  return new S3Failure({ operation, kind, code: 'UnexpectedAnswer', status: null, cause });
}
