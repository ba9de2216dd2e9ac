import type { S3Client } from '@aws-sdk/client-s3';

import { ExportError } from '../errors/index.js';
import type { OperationOptions, RequestEvent, Runtime } from '../interfaces/index.js';
import { abortable } from '../util/abortable.js';
import { emit } from '../util/observe.js';
import { reportRequest } from '../util/report-request.js';
import { anySignal, withTimeLimit } from '../util/time-limit.js';
import { S3Failure, readFailure } from './failure.js';
import type { S3Operation } from './iam-actions.js';

const RETRY_DELAY_MS = 200;
const RETRY_DELAY_MAX_MS = 20_000;

/** One bucket and how to talk to it. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  /** Identity of the place, without secrets. */
  readonly location: string;
  readonly expectedBucketOwner: string | undefined;
  readonly requestTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxAttempts: number;
  readonly runtime: Runtime;
}

/** What a request is, for its events and limits. */
export interface S3Request<T> {
  readonly operation: S3Operation;
  readonly options?: OperationOptions | undefined;
  /**
   * Most attempts.
   * @defaultValue those of the bucket
   */
  readonly maxAttempts?: number | undefined;
  /** Bytes of the payload, once the result is known. */
  readonly bytes?: ((result: T) => number) | undefined;
}

/** What the SDK's `send` takes besides the command. */
export interface SendOptions {
  readonly abortSignal: AbortSignal;
}

/** Members of every input. */
export interface BucketInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

/**
 * Sends requests to one bucket. Every attempt is one request on the wire and one `request` event; retries are made
 * here, within a limit of attempts and of time, and the SDK's own are off.
 */
export class S3Connection {
  readonly bucket: S3Bucket;
  readonly #target: RequestEvent['target'];

  constructor(bucket: S3Bucket, target: RequestEvent['target']) {
    this.bucket = bucket;
    this.#target = target;
  }

  /** What every request of this bucket names. */
  get input(): BucketInput {
    const { bucket, expectedBucketOwner } = this.bucket;
    return {
      Bucket: bucket,
      ...(expectedBucketOwner === undefined ? {} : { ExpectedBucketOwner: expectedBucketOwner }),
    };
  }

  /**
   * Makes the request until it succeeds.
   * @throws S3Failure; an abort rejects with `signal.reason`.
   */
  async request<T>(
    request: S3Request<T>,
    send: (client: S3Client, options: SendOptions) => Promise<T>,
  ): Promise<T> {
    const { runtime, totalTimeoutMs } = this.bucket;
    const maxAttempts = request.maxAttempts ?? this.bucket.maxAttempts;
    const signal = request.options?.signal;
    const deadline = runtime.now().getTime() + totalTimeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        const leftMs = Math.max(1, deadline - runtime.now().getTime());
        return await this.#attempt({ ...request, leftMs }, send);
      } catch (error) {
        signal?.throwIfAborted();
        // What a provider of credentials says about itself, such as a package that is not installed.
        if (ExportError.isInstance(error)) throw error;
        const failure = readFailure(error, request.operation);
        const isLate = runtime.now().getTime() + retryDelay(attempt, 1) > deadline;
        if (!failure.isWorthAnother(attempt) || attempt >= maxAttempts || isLate) throw failure;
        await this.pause(failure, attempt, request.options);
      }
    }
  }

  /** Waits before the next attempt, the longer the more have failed, and tells of it. */
  async pause(
    failure: S3Failure,
    attempt: number,
    { signal, observer }: OperationOptions = {},
  ): Promise<void> {
    const { runtime } = this.bucket;
    const delayMs = retryDelay(attempt, runtime.random());
    const operation = eventName(failure.operation);
    const target = this.#target;
    emit(observer, { type: 'retry', target, operation, attempt, delayMs, reason: failure.code });
    await runtime.sleep(delayMs, signal);
  }

  async #attempt<T>(
    request: S3Request<T> & { readonly leftMs: number },
    send: (client: S3Client, options: SendOptions) => Promise<T>,
  ): Promise<T> {
    const { client, runtime, requestTimeoutMs } = this.bucket;
    const { signal, observer } = request.options ?? {};
    const operation = eventName(request.operation);
    const report = { runtime, observer, target: this.#target, operation, bytes: request.bytes };
    const ms = Math.min(requestTimeoutMs, request.leftMs);
    const limit = { ms, reason: () => tookTooLong(request.operation, ms) };
    return await reportRequest(report, () =>
      withTimeLimit(runtime, limit, async (over) => {
        const abortSignal = anySignal(signal, over) as AbortSignal;
        try {
          // The SDK heeds the signal on the wire only: not while a provider of credentials keeps it waiting.
          return await abortable(send(client, { abortSignal }), abortSignal);
        } catch (error) {
          signal?.throwIfAborted();
          over.throwIfAborted();
          throw error;
        }
      }),
    );
  }
}

/** Exponential, with jitter: many workers that were refused together do not come back together. */
function retryDelay(attempt: number, random: number): number {
  const most = Math.min(RETRY_DELAY_MS * 2 ** (attempt - 1), RETRY_DELAY_MAX_MS);
  return Math.ceil(most * (0.5 + random / 2));
}

function tookTooLong(operation: S3Operation, ms: number): S3Failure {
  const cause = new Error(`No answer within ${ms} ms.`);
  return new S3Failure({ operation, kind: 'timeout', code: 'TimeoutError', status: null, cause });
}

/** `UploadPart` is `upload-part` in events. */
function eventName(operation: S3Operation): string {
  return operation
    .replace(/V2$/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, '-$&')
    .toLowerCase();
}
