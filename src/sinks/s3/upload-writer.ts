import { createHash } from 'node:crypto';

import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3';

import { assert } from '../../errors/index.js';
import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
} from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { isFailure, notS3 } from '../../aws/failure.js';
import { abortable } from '../../util/abortable.js';
import { ownerOfKey } from '../../util/object-owner.js';
import { type SinkContext, objectInput } from './context.js';
import { keyWithoutOwner, sinkError, tooManyParts } from './errors.js';
import { checksumOfParts } from './object-checksum.js';
import { MARK_METADATA } from './object-options.js';
import { PartBuffer } from './part-buffer.js';
import { type NumberedPart, type Upload, sendPart } from './send-part.js';
import { type UploadedPart, makeToken } from './upload-token.js';

const MEBIBYTE = 1024 * 1024;
/** S3 takes 10,000 parts; an object may outgrow its intended size a little. */
const PARTS_INTENDED = 9_000;
const PARTS_MAX = 10_000;

/** Begins a multipart upload. */
export async function openUpload(
  context: SinkContext,
  head: ObjectHead,
  options: OperationOptions | undefined,
): Promise<ObjectWriter> {
  const target = objectInput(context, head.key);
  const keyOwner = ownerOfKey(head.key);
  if (keyOwner?.exportId !== head.exportId || keyOwner.nonce !== head.nonce)
    throw keyWithoutOwner(head.key);
  const { connection, objects, checksum } = context;
  const mark = connection.bucket.runtime.id();
  const isData = !head.key.startsWith('_');
  const input = {
    ...target,
    ...objects.shared,
    ContentType: head.contentType,
    Metadata: { ...objects.shared.Metadata, [MARK_METADATA]: mark },
    ...(checksum === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {}),
    ...(isData && objects.storageClass !== undefined
      ? { StorageClass: objects.storageClass as 'STANDARD' }
      : {}),
  };
  const answer = await connection.request(
    { operation: 'CreateMultipartUpload', options },
    (client, send) => client.send(once(new CreateMultipartUploadCommand(input)), send),
  );
  const { UploadId, ServerSideEncryption, SSECustomerAlgorithm } = answer;
  if (UploadId === undefined)
    throw notS3('CreateMultipartUpload', 'an answer without an upload id');
  const encryption = {
    ServerSideEncryption: ServerSideEncryption ?? objects.shared.ServerSideEncryption,
    SSECustomerAlgorithm,
  };
  return new UploadWriter(context, { head, uploadId: UploadId, mark, encryption });
}

type WriterState = 'open' | 'failed' | 'prepared' | 'aborted';

class UploadWriter implements ObjectWriter {
  readonly #context: SinkContext;
  readonly #upload: Upload;
  readonly #partBytes: number;
  readonly #hash = createHash('sha256');
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #parts: (UploadedPart | undefined)[] = [];
  #buffer: PartBuffer;
  #bytes = 0;
  #state: WriterState = 'open';
  #failure: unknown;

  constructor(context: SinkContext, upload: Upload) {
    this.#context = context;
    this.#upload = upload;
    this.#partBytes = partBytesFor(upload.head.maxBytes, context.partBytes);
    this.#buffer = new PartBuffer(context.checksum);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array, options: OperationOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#requireOpen();
    this.#hash.update(bytes);
    this.#bytes += bytes.byteLength;
    let rest = bytes;
    while (rest.byteLength > 0) {
      const room = this.#partBytes - this.#buffer.bytes;
      this.#buffer.add(rest.subarray(0, room));
      rest = rest.subarray(room);
      if (this.#buffer.bytes === this.#partBytes) await this.#sendBuffer(options);
    }
  }

  async prepare(options: OperationOptions = {}): Promise<PreparedObject> {
    options.signal?.throwIfAborted();
    this.#requireOpen();
    if (this.#buffer.bytes > 0 || this.#parts.length === 0) await this.#sendBuffer(options);
    await this.#settled(options);
    this.#requireOpen();
    this.#state = 'prepared';
    const { head, uploadId, mark } = this.#upload;
    const parts = this.#parts.filter((part) => part !== undefined);
    assert(parts.length === this.#parts.length, `A part of "${head.key}" is missing`);
    return {
      key: head.key,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      checksum: checksumOfParts(parts, this.#upload),
      token: makeToken({ uploadId, mark, partBytes: this.#partBytes }, parts),
    };
  }

  /** Waits for the parts under way: one that arrives after the end of its upload would stay for ever. */
  async abort(): Promise<void> {
    const isFirst = this.#state !== 'aborted';
    this.#state = 'aborted';
    this.#stop.abort(new Error('The object was given up.'));
    await Promise.allSettled(this.#underWay);
    if (!isFirst) return;
    const { connection } = this.#context;
    const { head, uploadId } = this.#upload;
    try {
      await abortUpload(this.#context, { key: head.key, uploadId });
    } catch (error) {
      this.#state = 'failed'; // so that it can be tried again
      throw sinkError(error, `give up "${head.key}"`, connection.bucket.bucket);
    }
  }

  /** Resolves when the part has begun: so many parts wait in memory as there are objects, and no more. */
  async #sendBuffer(options: OperationOptions): Promise<void> {
    const { head } = this.#upload;
    const number = this.#parts.push(undefined);
    if (number > PARTS_MAX) throw tooManyParts(head.key, PARTS_MAX);
    const part = this.#buffer.take();
    this.#buffer = new PartBuffer(this.#context.checksum);
    let begin: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const sending = this.#context
      .parts(async () => {
        begin();
        await this.#send({ ...part, upload: this.#upload, number }, options);
      })
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
    await waitFor(begun, options);
  }

  /** Never rejects, and has noted a failure before the next part can begin: that one is not sent then. */
  async #send(part: NumberedPart, options: OperationOptions): Promise<void> {
    try {
      const stop = this.#stop.signal;
      this.#parts[part.number - 1] = await sendPart(this.#context, part, { ...options, stop });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first failure counts; later ones come of the parts that it stopped. */
  #fail(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    const { bucket } = this.#context.connection.bucket;
    this.#failure = sinkError(error, `write "${this.#upload.head.key}"`, bucket);
    this.#stop.abort(error);
  }

  async #settled(options: OperationOptions): Promise<void> {
    while (this.#underWay.size > 0) await waitFor(Promise.race(this.#underWay), options);
  }

  #requireOpen(): void {
    if (this.#state === 'failed' && this.#failure !== undefined) throw this.#failure;
    assert(this.#state === 'open', `"${this.#upload.head.key}" takes no more bytes`);
  }
}

/** Ends an upload without an object. One that is gone already is no error. */
export async function abortUpload(
  context: SinkContext,
  upload: { readonly key: string; readonly uploadId: string },
  options?: OperationOptions,
): Promise<void> {
  const input = { ...objectInput(context, upload.key), UploadId: upload.uploadId };
  try {
    await context.connection.request(
      { operation: 'AbortMultipartUpload', options },
      (client, send) => client.send(once(new AbortMultipartUploadCommand(input)), send),
    );
  } catch (error) {
    if (!isFailure(error, 'upload-missing', 'object-missing')) throw error;
  }
}

/** One size for all parts: some services take no others. */
function partBytesFor(maxBytes: number, least: number): number {
  return Math.max(least, Math.ceil(maxBytes / PARTS_INTENDED / MEBIBYTE) * MEBIBYTE);
}

async function waitFor<T>(work: Promise<T>, { signal }: OperationOptions): Promise<T> {
  return signal === undefined ? await work : await abortable(work, signal);
}
