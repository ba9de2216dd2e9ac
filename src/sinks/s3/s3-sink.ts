import pLimit from 'p-limit';

import type {
  CommitOutcome,
  ListOptions,
  ObjectHead,
  ObjectInfo,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  ProbeStep,
  PutOptions,
  Sink,
  Stray,
} from '../../interfaces/index.js';
import { type OptionReader, readOptions } from '../../options/index.js';
import { type S3BucketOptions, readBucketOptions } from '../../aws/bucket-options.js';
import { type S3Bucket, S3Connection } from '../../aws/connection.js';
import type { S3Checksum } from '../../aws/checksum.js';
import { completeUpload } from './complete-upload.js';
import type { SinkContext } from './context.js';
import { sinkError } from './errors.js';
import { describeObject } from './head-object.js';
import { listObjects } from './list-objects.js';
import { listUploads, parseStrayId } from './list-uploads.js';
import { type ObjectSettings, type S3ObjectOptions, readObjectOptions } from './object-options.js';
import { probeBucket } from './probe-bucket.js';
import { putObject } from './put-object.js';
import { readObject } from './read-object.js';
import { removeObject } from './remove-object.js';
import { abortUpload, openUpload } from './upload-writer.js';

const MEBIBYTE = 1024 * 1024;
/** A completion that was begun and not answered can hide its upload for minutes. */
const SETTLE_MS = 15 * 60_000;

/** Options of {@link s3Sink}. */
export interface S3SinkOptions extends S3BucketOptions, S3ObjectOptions {
  /**
   * Folder of all keys, such as `braintrust/prod`, without a slash at either end. It must not lie inside that of
   * another export of the same id, which would take unfinished uploads here for strays of its own.
   * @defaultValue the whole bucket
   */
  readonly prefix?: string | undefined;
  /**
   * How the service checks each request's bytes. `md5` is for buckets that ask for Content-MD5 and for services that
   * know no other way.
   * @defaultValue 'crc32'
   */
  readonly checksum?: S3Checksum | undefined;
  /**
   * Smallest part of an upload, in bytes; an object that may grow very large has larger ones. A part is in memory
   * until it is sent: one for each open object, and `partsInFlight` more. At least 5 MiB.
   * @defaultValue 8_388_608 (8 MiB)
   */
  readonly partBytes?: number | undefined;
  /**
   * Parts under way at a time, over all objects of the sink.
   * @defaultValue 4
   */
  readonly partsInFlight?: number | undefined;
}

interface S3SinkSettings {
  readonly bucket: S3Bucket;
  readonly objects: ObjectSettings;
  readonly checksum: S3Checksum;
  readonly partBytes: number;
  readonly partsInFlight: number;
}

class S3Sink implements Sink {
  readonly name = 's3';
  readonly location: string;
  readonly settleMs = SETTLE_MS;
  readonly #context: SinkContext;

  constructor({ bucket, partsInFlight, ...settings }: S3SinkSettings) {
    this.location = bucket.location;
    const connection = new S3Connection(bucket, 'sink');
    this.#context = { ...settings, connection, parts: pLimit(partsInFlight) };
  }

  open(head: ObjectHead, options?: OperationOptions): Promise<ObjectWriter> {
    return this.#perform(`open "${head.key}"`, options, () =>
      openUpload(this.#context, head, options),
    );
  }

  commit(prepared: PreparedObject, options?: OperationOptions): Promise<CommitOutcome> {
    return this.#perform(`commit "${prepared.key}"`, options, () =>
      completeUpload(this.#context, prepared, options),
    );
  }

  put(key: string, content: Uint8Array, options?: PutOptions): Promise<'created' | 'exists'> {
    return this.#perform(`put "${key}"`, options, () =>
      putObject(this.#context, { key, content }, options),
    );
  }

  get(key: string, options?: OperationOptions): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#perform(`read "${key}"`, options, () => readObject(this.#context, key, options));
  }

  head(key: string, options?: OperationOptions): Promise<ObjectInfo | null> {
    return this.#perform(`look up "${key}"`, options, () =>
      describeObject(this.#context, key, options),
    );
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    return this.#iterate(`list "${prefix}"`, options, listObjects(this.#context, prefix, options));
  }

  remove(key: string, options?: OperationOptions): Promise<void> {
    return this.#perform(`remove "${key}"`, options, () =>
      removeObject(this.#context, key, options),
    );
  }

  strays(exportId: string, options?: OperationOptions): AsyncIterable<Stray> {
    const uploads = listUploads(this.#context, exportId, options);
    return this.#iterate(`list unfinished uploads of "${exportId}"`, options, uploads);
  }

  discard(exportId: string, stray: Stray, options?: OperationOptions): Promise<void> {
    return this.#perform(`discard an upload of "${exportId}"`, options, async () => {
      const upload = parseStrayId(stray.id, exportId);
      if (upload !== null) await abortUpload(this.#context, upload, options);
    });
  }

  probe(options?: OperationOptions): AsyncIterable<ProbeStep> {
    return probeBucket(this.#context, options);
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
      throw sinkError(error, action, this.#context.connection.bucket.bucket);
    }
  }

  async *#iterate<T>(
    action: string,
    options: OperationOptions | undefined,
    items: AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    options?.signal?.throwIfAborted();
    try {
      for await (const item of items) {
        yield item;
        options?.signal?.throwIfAborted();
      }
    } catch (error) {
      throw sinkError(error, action, this.#context.connection.bucket.bucket);
    }
  }
}

/**
 * A sink of objects in a bucket of S3, or of a service that speaks its protocol.
 *
 * Objects are multipart uploads: their parts are invisible until the completion, which any process can send from the
 * checkpoint alone. Small objects are put with `If-None-Match`. An object visible is known as ours by its size and
 * by metadata that holds a random token. A sink holds no timers and needs no closing.
 *
 * Every request is one `request` event, named after the operation of S3 (`upload-part`).
 * @throws ConfigurationError `OPTION_INVALID`; the bucket itself is not looked at before the first request.
 */
export function s3Sink(options: S3SinkOptions): Sink {
  const read = (reader: OptionReader): S3SinkSettings => ({
    bucket: readBucketOptions(reader, ''),
    objects: readObjectOptions(reader),
    checksum: reader.oneOf('checksum', ['crc32', 'md5'], 'crc32'),
    partBytes: reader.number('partBytes', 8 * MEBIBYTE, { min: 5 * MEBIBYTE, max: 2 ** 30 }),
    partsInFlight: reader.number('partsInFlight', 4, { min: 1, max: 64 }),
  });
  return new S3Sink(readOptions('s3Sink', options, read));
}
