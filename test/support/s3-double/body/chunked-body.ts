import { createHash, type Hash } from 'node:crypto';

import { hmac, sha256Hex } from '../access/canonical-request.js';
import { Refusal } from '../refusal.js';
import { type ChunkSigning, signatureDoesNotMatch } from '../access/signature.js';

const LINE_BYTES_MAX = 8192;
/** Every chunk but the last must be this long. */
const CHUNK_BYTES_MIN = 8192;
const EMPTY_SHA256 = sha256Hex('');
const LINE_FEED = 0x0a;

type Expected = 'header' | 'data' | 'end-of-data' | 'trailer' | 'nothing';

/** Takes the `aws-chunked` framing off a body and verifies the signature of each chunk. */
export class ChunkedBody {
  /** Trailers by lower-case name, once the end was seen. */
  readonly trailers: Map<string, string> = new Map();
  readonly #signing: ChunkSigning | null;
  readonly #give: (bytes: Buffer) => void;
  #expected: Expected = 'header';
  #line: Buffer[] = [];
  #lineBytes = 0;
  #left = 0;
  #size = CHUNK_BYTES_MIN;
  #claimed = '';
  #previous: string;
  #hash: Hash | null = null;

  /** @param signing - null when chunks are not signed. */
  constructor(signing: ChunkSigning | null, give: (bytes: Buffer) => void) {
    this.#signing = signing;
    this.#previous = signing?.seed ?? '';
    this.#give = give;
  }

  push(input: Buffer): void {
    let at = 0;
    while (at < input.length) {
      at = this.#expected === 'data' ? this.#takeData(input, at) : this.#takeLine(input, at);
    }
  }

  /** Refuses a body that stopped before its last chunk. */
  end(): void {
    if (this.#expected !== 'nothing') throw incomplete();
  }

  #takeData(input: Buffer, at: number): number {
    const end = Math.min(input.length, at + this.#left);
    const bytes = input.subarray(at, end);
    this.#hash?.update(bytes);
    this.#give(bytes);
    this.#left -= bytes.length;
    if (this.#left === 0) this.#expected = 'end-of-data';
    return end;
  }

  #takeLine(input: Buffer, at: number): number {
    const feed = input.indexOf(LINE_FEED, at);
    const end = feed === -1 ? input.length : feed + 1;
    this.#line.push(input.subarray(at, end));
    this.#lineBytes += end - at;
    if (this.#lineBytes > LINE_BYTES_MAX) throw malformedChunk();
    if (feed === -1) return end;
    const line = Buffer.concat(this.#line).toString('latin1');
    this.#line = [];
    this.#lineBytes = 0;
    if (!line.endsWith('\r\n')) throw malformedChunk();
    this.#readLine(line.slice(0, -2));
    return end;
  }

  #readLine(line: string): void {
    switch (this.#expected) {
      case 'header':
        return this.#readHeader(line);
      case 'end-of-data':
        if (line !== '') throw malformedChunk();
        this.#verifyChunk();
        this.#expected = 'header';
        return;
      case 'trailer':
        return this.#readTrailer(line);
      case 'data':
      case 'nothing':
        throw malformedChunk();
    }
  }

  #readHeader(line: string): void {
    const match = /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line);
    const [, size = '', signature] = match ?? [];
    if (match === null || (this.#signing !== null) !== (signature !== undefined)) {
      throw malformedChunk();
    }
    const previousSize = this.#size;
    this.#size = Number.parseInt(size, 16);
    if (this.#size > 0 && previousSize < CHUNK_BYTES_MIN) throw chunkTooSmall();
    this.#claimed = signature ?? '';
    this.#hash = this.#signing === null ? null : createHash('sha256');
    this.#left = this.#size;
    this.#expected = this.#size === 0 ? 'trailer' : 'data';
    if (this.#size === 0) this.#verifyChunk();
  }

  #verifyChunk(): void {
    if (this.#signing === null || this.#hash === null) return;
    const digest = this.#hash.digest('hex');
    this.#hash = null;
    this.#link('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, digest], this.#claimed);
  }

  #readTrailer(line: string): void {
    if (line === '') return this.#endTrailers();
    const colon = line.indexOf(':');
    if (colon < 1) throw malformedChunk();
    this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }

  #endTrailers(): void {
    this.#expected = 'nothing';
    const claimed = this.trailers.get('x-amz-trailer-signature');
    this.trailers.delete('x-amz-trailer-signature');
    if (this.#signing === null || this.trailers.size === 0) return;
    const text = [...this.trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    this.#link('AWS4-HMAC-SHA256-TRAILER', [sha256Hex(text)], claimed ?? '');
  }

  #link(algorithm: string, digests: readonly string[], claimed: string): void {
    if (this.#signing === null) return;
    const { signingKey, time, scope } = this.#signing;
    const text = [algorithm, time, scope, this.#previous, ...digests].join('\n');
    const expected = hmac(signingKey, text).toString('hex');
    if (expected !== claimed) throw signatureDoesNotMatch();
    this.#previous = expected;
  }
}

export function incomplete(): Refusal {
  return new Refusal(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}

function malformedChunk(): Refusal {
  return new Refusal('InvalidRequest', 'The chunks of the request body are malformed.');
}

function chunkTooSmall(): Refusal {
  return new Refusal(
    'InvalidChunkSizeError',
    'Only the last chunk is allowed to have a size less than 8192 bytes',
  );
}
