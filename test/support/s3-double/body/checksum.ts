import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { updateCrc32c } from './crc32c.js';

/** Algorithms that the double verifies. CRC64NVME is refused by name. */
export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Lengths of the digests in bytes. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  SHA1: 20,
  SHA256: 32,
};

/** A digest that is fed in pieces. */
export interface Digest {
  update(bytes: Buffer): void;
  /** Ends it: the digest's bytes. */
  end(): Buffer;
}

export function startDigest(algorithm: ChecksumAlgorithm | 'MD5'): Digest {
  if (algorithm === 'CRC32') return crcDigest((bytes, value) => crc32(bytes, value));
  if (algorithm === 'CRC32C') return crcDigest(updateCrc32c);
  return hashDigest(createHash(algorithm.toLowerCase()));
}

/** The digest of pieces in base64. */
export function digestOf(algorithm: ChecksumAlgorithm, pieces: readonly Buffer[]): string {
  const digest = startDigest(algorithm);
  for (const piece of pieces) digest.update(piece);
  return digest.end().toString('base64');
}

/** The algorithm of that name in any case, or null. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | null {
  return CHECKSUM_ALGORITHMS.find((each) => each === name.toUpperCase()) ?? null;
}

function hashDigest(hash: Hash): Digest {
  return { update: (bytes) => void hash.update(bytes), end: () => hash.digest() };
}

function crcDigest(next: (bytes: Buffer, value: number) => number): Digest {
  let value = 0;
  return {
    update: (bytes) => {
      value = next(bytes, value);
    },
    end: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes;
    },
  };
}
