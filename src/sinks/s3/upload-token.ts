import { createHash } from 'node:crypto';

import type { Json, PreparedObject } from '../../interfaces/index.js';
import { foreignToken, uploadChanged } from './errors.js';

/** Up to so many parts are in the token one by one; of more, only a digest: S3 lists them. */
const PARTS_IN_TOKEN = 16;

/** One part of an upload. */
export interface UploadedPart {
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** CRC-32, Base64; `null` when the service checked by another way. */
  readonly crc: string | null;
}

/** All that is needed to complete an upload, from any process. */
export interface UploadToken {
  readonly uploadId: string;
  /** Metadata of the object to come, by which it is known as ours. */
  readonly mark: string;
  /** Size of every part but the last, in bytes. */
  readonly partBytes: number;
  readonly partCount: number;
  /** ETags in the order of the parts, or the digest of them. */
  readonly etags: readonly string[] | string;
  /** CRCs in the order of the parts, or the digest of them; `null` when there are none. */
  readonly crcs: readonly string[] | string | null;
}

export function makeToken(
  upload: Pick<UploadToken, 'uploadId' | 'mark' | 'partBytes'>,
  parts: readonly UploadedPart[],
): Json {
  const etags = parts.map((part) => part.etag);
  const crcs = crcsOf(parts);
  const isShort = parts.length <= PARTS_IN_TOKEN;
  return {
    ...upload,
    partCount: parts.length,
    etags: isShort ? etags : digestOf(etags),
    crcs: isShort || crcs === null ? crcs : digestOf(crcs),
  };
}

/** @throws SinkError `OBJECT_CORRUPT` for a token of another sink. */
export function readToken({ token }: PreparedObject): UploadToken {
  const value = token as unknown as UploadToken | null;
  const isOurs =
    typeof value === 'object' &&
    typeof value?.uploadId === 'string' &&
    typeof value.mark === 'string' &&
    Number.isSafeInteger(value.partBytes) &&
    Number.isSafeInteger(value.partCount) &&
    value.etags !== undefined;
  if (!isOurs) throw foreignToken();
  return value;
}

/** The parts, when the token has them one by one. */
export function partsInToken(token: UploadToken, bytes: number): readonly UploadedPart[] | null {
  const { etags, crcs } = token;
  if (typeof etags === 'string' || typeof crcs === 'string') return null;
  return etags.map((etag, place) => ({
    etag,
    crc: crcs?.[place] ?? null,
    bytes: partSize(token, place, bytes),
  }));
}

/** What S3 lists of a part. */
export interface ListedPart extends UploadedPart {
  readonly number: number;
}

/**
 * The parts as the service lists them, when they are those that were prepared: by size and CRC, or by ETag where it
 * lists no CRCs. An ETag alone may have changed: under a KMS key it does when a part arrives twice.
 * @throws SinkError `OBJECT_CORRUPT`
 */
export function requirePrepared(
  prepared: PreparedObject,
  listed: readonly ListedPart[],
): readonly UploadedPart[] {
  const token = readToken(prepared);
  const { key, bytes } = prepared;
  if (listed.length !== token.partCount)
    throw uploadChanged(key, `it has ${listed.length} parts instead of ${token.partCount}`);
  for (const [place, part] of listed.entries()) {
    const size = partSize(token, place, bytes);
    if (part.number !== place + 1 || part.bytes !== size)
      throw uploadChanged(key, `part ${part.number} has ${part.bytes} bytes instead of ${size}`);
  }
  const crcs = crcsOf(listed);
  const isSame =
    crcs !== null && token.crcs !== null
      ? isEqual(token.crcs, crcs)
      : isEqual(
          token.etags,
          listed.map((part) => part.etag),
        );
  if (!isSame) throw uploadChanged(key, 'a part has other content');
  return listed;
}

function partSize({ partBytes, partCount }: UploadToken, place: number, bytes: number): number {
  return place < partCount - 1 ? partBytes : bytes - partBytes * (partCount - 1);
}

function crcsOf(parts: readonly UploadedPart[]): readonly string[] | null {
  const crcs = parts.flatMap(({ crc }) => (crc === null ? [] : [crc]));
  return crcs.length === parts.length ? crcs : null;
}

function isEqual(known: readonly string[] | string, found: readonly string[]): boolean {
  return typeof known === 'string'
    ? known === digestOf(found)
    : known.length === found.length && known.every((text, place) => text === found[place]);
}

function digestOf(texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex');
}
