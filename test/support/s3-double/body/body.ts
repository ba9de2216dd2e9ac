import type { IncomingMessage } from 'node:http';

import type { BodyPlan } from './body-plan.js';
import { type ChecksumAlgorithm, type Digest, startDigest } from './checksum.js';
import { ChunkedBody, incomplete } from './chunked-body.js';
import { Refusal } from '../refusal.js';
import type { ChunkSigning } from '../access/signature.js';

/** A body that arrived whole and matched everything that was said of it. */
export interface Body {
  readonly chunks: readonly Buffer[];
  readonly size: number;
  readonly md5: Buffer;
  /** The checksum that the client sent. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  readonly hasContentMd5: boolean;
}

/** The client went away before its body was whole. Nothing may happen, nobody waits for an answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export interface BodyReading {
  readonly plan: BodyPlan;
  readonly signing: ChunkSigning;
  /** Told the number of bytes on the wire so far. */
  readonly onProgress: (wireBytes: number) => void;
}

/** Reads a body to its end, verifying on the way. Rejects with a `Refusal` after the last byte, or `ClientGone`. */
export async function receiveBody(message: IncomingMessage, reading: BodyReading): Promise<Body> {
  const collector = new BodyCollector(reading.plan, reading.signing);
  let refusal: unknown = null;
  await readAll(message, (bytes, wireBytes) => {
    reading.onProgress(wireBytes);
    if (refusal !== null) return;
    try {
      collector.push(bytes);
    } catch (error) {
      // Kept until the client has sent everything: it would take an early answer for a lost connection.
      refusal = error;
    }
  });
  if (refusal !== null) throw refusal;
  return collector.end();
}

/** Reads a body to its end and forgets it. */
export async function drainBody(
  message: IncomingMessage,
  onProgress: (wireBytes: number) => void = () => {},
): Promise<void> {
  if (message.readableEnded) return;
  await readAll(message, (_, wireBytes) => onProgress(wireBytes));
}

/** Reads a body to its end, as it came over the wire. */
export async function readWhole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await readAll(message, (bytes) => chunks.push(bytes));
  return Buffer.concat(chunks);
}

async function readAll(
  message: IncomingMessage,
  take: (bytes: Buffer, wireBytes: number) => void,
): Promise<void> {
  let wireBytes = 0;
  await new Promise<void>((resolve, reject) => {
    const gone = (): void => reject(new ClientGone('the connection closed'));
    message.on('data', (bytes: Buffer) => {
      wireBytes += bytes.length;
      take(bytes, wireBytes);
    });
    message.once('end', resolve);
    message.once('close', gone);
    message.once('error', gone);
    if (message.destroyed) gone();
  });
}

class BodyCollector {
  readonly #plan: BodyPlan;
  readonly #chunks: Buffer[] = [];
  readonly #md5 = startDigest('MD5');
  readonly #sha256: Digest | null;
  readonly #digest: Digest | null;
  readonly #framing: ChunkedBody | null;
  #size = 0;

  constructor(plan: BodyPlan, signing: ChunkSigning) {
    this.#plan = plan;
    const algorithm = plan.checksum?.algorithm ?? plan.trailer;
    this.#digest = algorithm === null ? null : startDigest(algorithm);
    this.#sha256 = plan.sha256 === null ? null : startDigest('SHA256');
    const chain = plan.framing === 'signed-chunks' ? signing : null;
    this.#framing =
      plan.framing === 'plain' ? null : new ChunkedBody(chain, (bytes) => this.#take(bytes));
  }

  push(bytes: Buffer): void {
    if (this.#framing === null) this.#take(bytes);
    else this.#framing.push(bytes);
  }

  end(): Body {
    this.#framing?.end();
    if (this.#plan.size !== this.#size) throw incomplete();
    this.#checkSha256();
    const md5 = this.#md5.end();
    this.#checkMd5(md5);
    return {
      chunks: this.#chunks,
      size: this.#size,
      md5,
      checksum: this.#checkChecksum(),
      hasContentMd5: this.#plan.contentMd5 !== null,
    };
  }

  #take(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#md5.update(bytes);
    this.#sha256?.update(bytes);
    this.#digest?.update(bytes);
  }

  #checkSha256(): void {
    const computed = this.#sha256?.end().toString('hex');
    if (computed === undefined || computed === this.#plan.sha256) return;
    throw new Refusal(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      {
        fields: {
          ClientComputedContentSHA256: this.#plan.sha256 ?? '',
          S3ComputedContentSHA256: computed,
        },
      },
    );
  }

  #checkMd5(md5: Buffer): void {
    const computed = md5.toString('base64');
    const expected = this.#plan.contentMd5;
    if (expected === null || expected === computed) return;
    throw new Refusal(
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
      { fields: { ExpectedDigest: expected, CalculatedDigest: computed } },
    );
  }

  #checkChecksum(): Body['checksum'] {
    if (this.#digest === null) return null;
    const computed = this.#digest.end().toString('base64');
    const claimed = this.#plan.checksum ?? this.#trailerChecksum();
    if (claimed.value === computed) return claimed;
    throw new Refusal(
      'BadDigest',
      `The ${claimed.algorithm} you specified did not match the calculated checksum.`,
    );
  }

  #trailerChecksum(): NonNullable<Body['checksum']> {
    const algorithm = this.#plan.trailer;
    const name = `x-amz-checksum-${algorithm?.toLowerCase() ?? ''}`;
    const value = this.#framing?.trailers.get(name);
    if (algorithm !== null && value !== undefined) return { algorithm, value };
    throw new Refusal('InvalidRequest', `The trailer ${name} was announced and not sent.`);
  }
}
