import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { keepQuiet, letGo } from '../../aws/answer-body.js';
import { once } from '../../aws/command.js';
import { isFailure, notS3, readFailure } from '../../aws/failure.js';
import { abortable } from '../../util/abortable.js';
import { withTimeLimit } from '../../util/time-limit.js';
import { type SinkContext, objectInput } from './context.js';
import { objectChanged, sinkError } from './errors.js';

/** The content of an object, or `null` when there is none. A stream that breaks goes on where it broke. */
export async function readObject(
  context: SinkContext,
  key: string,
  options: OperationOptions | undefined,
): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    const first = await fetchFrom(context, { key, position: 0, etag: undefined }, options);
    return new ObjectStream(context, { key, first, options });
  } catch (error) {
    if (isFailure(error, 'object-missing')) return null;
    throw error;
  }
}

interface Range {
  readonly key: string;
  readonly position: number;
  /** Of the object that was begun: another one is not gone on with. Undefined at the first request. */
  readonly etag: string | undefined;
}

interface OpenBody {
  readonly body: AsyncIterable<Uint8Array>;
  /** Size of the whole object, in bytes. */
  readonly bytes: number;
  readonly etag: string | undefined;
}

async function fetchFrom(
  context: SinkContext,
  { key, position, etag }: Range,
  options: OperationOptions | undefined,
): Promise<OpenBody> {
  const input = {
    ...objectInput(context, key),
    ...(position > 0 ? { Range: `bytes=${position}-` } : {}),
    ...(etag === undefined ? {} : { IfMatch: etag }),
  };
  const answer: GetObjectCommandOutput = await context.connection.request(
    {
      operation: 'GetObject',
      options,
      bytes: ({ ContentLength }: GetObjectCommandOutput) => ContentLength ?? 0,
    },
    (client, send) => client.send(once(new GetObjectCommand(input)), send),
  );
  const { Body, ContentLength, ETag } = answer;
  if (Body === undefined || ContentLength === undefined) {
    letGo(Body);
    throw notS3('GetObject', 'an answer without content and its length');
  }
  keepQuiet(Body);
  return {
    body: Body as unknown as AsyncIterable<Uint8Array>,
    bytes: position + ContentLength,
    etag: ETag,
  };
}

class ObjectStream implements AsyncIterable<Uint8Array> {
  readonly #context: SinkContext;
  readonly #key: string;
  readonly #options: OperationOptions | undefined;
  #open: OpenBody;

  constructor(
    context: SinkContext,
    object: { key: string; first: OpenBody; options: OperationOptions | undefined },
  ) {
    this.#context = context;
    this.#key = object.key;
    this.#options = object.options;
    this.#open = object.first;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { bytes } = this.#open;
    let position = 0;
    for (let attempt = 1; position < bytes; attempt += 1) {
      const before = position;
      try {
        for await (const chunk of this.#chunks()) {
          position += chunk.byteLength;
          yield chunk;
        }
        if (position === bytes) return;
        throw new Error('The answer ended early.');
      } catch (error) {
        this.#options?.signal?.throwIfAborted();
        if (position > before) attempt = 1;
        await this.#reopen(error, { position, attempt });
      }
    }
  }

  /** Each buffer within the limit of a request. The body is let go of in any case. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    const { runtime, requestTimeoutMs } = this.#context.connection.bucket;
    const signal = this.#options?.signal;
    const chunks = this.#open.body[Symbol.asyncIterator]();
    const limit = { ms: requestTimeoutMs, reason: () => new Error('The answer stood still.') };
    let isDone = false;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const chunk = await withTimeLimit(runtime, limit, (over) =>
          abortable(chunks.next(), signal === undefined ? over : AbortSignal.any([signal, over])),
        );
        isDone = chunk.done === true;
        if (chunk.done === true) return;
        yield chunk.value;
      }
    } finally {
      // Its own `return` would wait for the buffer that did not come.
      if (!isDone) letGo(this.#open.body);
    }
  }

  async #reopen(
    error: unknown,
    { position, attempt }: { position: number; attempt: number },
  ): Promise<void> {
    const { bucket } = this.#context.connection;
    if (isDamage(error))
      throw objectChanged(this.#key, 'has another checksum than when it was put');
    const failure = readFailure(error, 'GetObject');
    if (attempt >= bucket.maxAttempts)
      throw sinkError(failure, `read "${this.#key}"`, bucket.bucket);
    const { etag, bytes } = this.#open;
    try {
      await this.#context.connection.pause(failure, attempt, this.#options);
      const range = { key: this.#key, position, etag };
      this.#open = await fetchFrom(this.#context, range, this.#options);
      // Something between answers with the whole object, or with another one.
      if (this.#open.bytes !== bytes) {
        letGo(this.#open.body);
        throw notS3('GetObject', 'another range than was asked for');
      }
    } catch (refusal) {
      if (isFailure(refusal, 'precondition-failed', 'object-missing'))
        throw objectChanged(this.#key, 'was replaced or removed while it was read');
      throw sinkError(refusal, `read "${this.#key}"`, bucket.bucket);
    }
  }
}

/** The SDK compares what it read with the checksum that the service gave. */
function isDamage(error: unknown): boolean {
  return error instanceof Error && /checksum mismatch/i.test(error.message);
}
