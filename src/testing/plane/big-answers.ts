import { gzipSync } from 'node:zlib';

import { seededRandom } from '../adapters/seeded-random.js';
import type { Answer } from './exchange.js';
import { randomHex } from './random.js';
import type { Random } from './random.js';

/** How long a signed URL of the service lasts. */
const LIFETIME_MS = 3_600_000;
/** Answers kept at once; older ones are gone, as after the bucket's lifecycle rule. */
const KEPT_ANSWERS = 64;

interface KeptAnswer {
  readonly signature: string;
  readonly expires: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * The object storage that answers too big for the API are left in. It has an origin of its own and
 * opens by signature only: a request that also brings an Authorization header is refused, as S3 does.
 */
export class BigAnswers {
  readonly #now: () => Date;
  readonly #withEncodingHeader: boolean;
  readonly #random: Random;
  readonly #kept = new Map<string, KeptAnswer>();

  constructor(options: {
    readonly now: () => Date;
    readonly withEncodingHeader: boolean;
    readonly seed: number;
  }) {
    this.#now = options.now;
    this.#withEncodingHeader = options.withEncodingHeader;
    this.#random = seededRandom(options.seed);
  }

  /** Keeps an answer and gives the path and query of its signed URL. */
  keep(answer: Answer, cursor: string | null): string {
    const path = `/responses/${randomHex(this.#random, 32)}`;
    const signature = randomHex(this.#random, 64);
    this.#kept.set(path, {
      signature,
      expires: this.#now().getTime() + LIFETIME_MS,
      headers: {
        ...answer.headers,
        ...(this.#withEncodingHeader ? { 'Content-Encoding': 'gzip' } : {}),
        ...(cursor === null ? {} : { 'x-amz-meta-bt-cursor': cursor }),
      },
      body: gzipSync(answer.body, { level: 1 }),
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_ANSWERS && oldest !== undefined) this.#kept.delete(oldest);
    return `${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature=${signature}`;
  }

  /** Answers a request for a kept answer. */
  fetch(url: URL, authorization: string | undefined): Answer {
    if (authorization !== undefined)
      return storageError(400, 'InvalidArgument', 'Only one auth mechanism allowed');
    const kept = this.#kept.get(url.pathname);
    if (kept === undefined) return storageError(404, 'NoSuchKey', 'The key does not exist.');
    const signed = url.searchParams.get('X-Amz-Signature') === kept.signature;
    if (!signed) return storageError(403, 'SignatureDoesNotMatch', 'The signature is wrong.');
    if (kept.expires <= this.#now().getTime())
      return storageError(403, 'AccessDenied', 'Request has expired');
    return { status: 200, headers: kept.headers, body: kept.body };
  }
}

function storageError(status: number, code: string, message: string): Answer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(xml) };
}
