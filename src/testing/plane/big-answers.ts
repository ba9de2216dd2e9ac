import { gzipSync } from 'node:zlib';

import { seededRandom } from '../adapters/seeded-random.js';
import type { Answer } from './exchange.js';
import { randomHex } from './random.js';
import type { Random } from './random.js';
import { refuseUnsigned, sign, signedPath } from './storage-answers.js';
import type { Signed, StorageRequest } from './storage-answers.js';

/** Answers kept at once; older ones are gone, as after the bucket's lifecycle rule. */
const KEPT_ANSWERS = 64;

interface KeptAnswer extends Signed {
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
    const signed = sign(randomHex(this.#random, 64), this.#now());
    this.#kept.set(path, {
      ...signed,
      headers: {
        ...answer.headers,
        ...(this.#withEncodingHeader ? { 'Content-Encoding': 'gzip' } : {}),
        ...(cursor === null ? {} : { 'x-amz-meta-bt-cursor': cursor }),
      },
      body: gzipSync(answer.body, { level: 1 }),
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_ANSWERS && oldest !== undefined) this.#kept.delete(oldest);
    return signedPath(path, signed);
  }

  /** Answers a request for a kept answer. */
  fetch(request: StorageRequest): Answer {
    const kept = this.#kept.get(request.url.pathname) ?? null;
    const refusal = refuseUnsigned(request, kept, this.#now());
    if (refusal !== null || kept === null) return refusal as Answer;
    return { status: 200, headers: kept.headers, body: kept.body };
  }
}
