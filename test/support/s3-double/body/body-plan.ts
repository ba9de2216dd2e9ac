import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_BYTES,
  type ChecksumAlgorithm,
  checksumAlgorithm,
} from './checksum.js';
import { notImplemented, Refusal } from '../refusal.js';

const HASH_PATTERN = /^[0-9a-f]{64}$/;
const MD5_BYTES = 16;

/** How the body arrives and what it must match; known before its first byte. */
export interface BodyPlan {
  /** Digest of the whole body that the signature covers, or null. */
  readonly sha256: string | null;
  readonly framing: 'plain' | 'chunks' | 'signed-chunks';
  /** Length without framing, or null when a chunked transfer leaves it open. */
  readonly size: number | null;
  readonly contentMd5: string | null;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** The checksum that a trailer will bring. */
  readonly trailer: ChecksumAlgorithm | null;
}

export interface BodyClaims {
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
  readonly presigned: boolean;
  /** Whether x-amz-checksum-* is about this body (on a completion it is about the object). */
  readonly checksums: boolean;
}

/** Reads what the headers say of the body. Throws a `Refusal`. */
export function planBody(claims: BodyClaims): BodyPlan {
  const { headers } = claims;
  const { framing, sha256, trailers } = readPayloadHash(claims.payloadHash);
  const trailer = readTrailer(headers, trailers);
  const checksum = claims.checksums ? readChecksum(headers) : null;
  if (checksum !== null && trailer !== null) throw multipleChecksums();
  if (claims.checksums && !claims.presigned) {
    checkSdkAlgorithm(headers, checksum?.algorithm ?? trailer);
  }
  const size = readSize(headers, framing);
  return { sha256, framing, size, contentMd5: readContentMd5(headers), checksum, trailer };
}

function readPayloadHash(hash: string): {
  readonly framing: BodyPlan['framing'];
  readonly sha256: string | null;
  readonly trailers: boolean;
} {
  if (HASH_PATTERN.test(hash)) return { framing: 'plain', sha256: hash, trailers: false };
  switch (hash) {
    case 'UNSIGNED-PAYLOAD':
      return { framing: 'plain', sha256: null, trailers: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { framing: 'signed-chunks', sha256: null, trailers: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { framing: 'signed-chunks', sha256: null, trailers: true };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { framing: 'chunks', sha256: null, trailers: true };
    default:
      throw new Refusal(
        'InvalidArgument',
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING constant, or a valid sha256 value.',
        { fields: { ArgumentName: 'x-amz-content-sha256' } },
      );
  }
}

function readTrailer(
  headers: Readonly<Record<string, string>>,
  allowed: boolean,
): ChecksumAlgorithm | null {
  const name = headers['x-amz-trailer'];
  if (name === undefined) {
    if (!allowed) return null;
    throw new Refusal('InvalidRequest', 'x-amz-trailer is missing for a body with trailers.');
  }
  const algorithm = checksumAlgorithm(name.toLowerCase().replace(/^x-amz-checksum-/, ''));
  if (allowed && algorithm !== null && name.startsWith('x-amz-checksum-')) return algorithm;
  if (name.toLowerCase() === 'x-amz-checksum-crc64nvme') throw notImplemented(name);
  throw new Refusal(
    'InvalidRequest',
    'The value specified in the x-amz-trailer header is not supported',
  );
}

function readChecksum(headers: Readonly<Record<string, string>>): BodyPlan['checksum'] {
  if (headers['x-amz-checksum-crc64nvme'] !== undefined) {
    throw notImplemented('x-amz-checksum-crc64nvme');
  }
  const found = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    return value === undefined ? [] : [{ algorithm, value }];
  });
  const [checksum] = found;
  if (checksum === undefined) return null;
  if (found.length > 1) throw multipleChecksums();
  if (isBase64(checksum.value, CHECKSUM_BYTES[checksum.algorithm])) return checksum;
  const name = `x-amz-checksum-${checksum.algorithm.toLowerCase()}`;
  throw new Refusal('InvalidRequest', `Value for ${name} header is invalid.`);
}

function checkSdkAlgorithm(
  headers: Readonly<Record<string, string>>,
  given: ChecksumAlgorithm | null,
): void {
  const wanted = headers['x-amz-sdk-checksum-algorithm'];
  if (wanted === undefined || (given !== null && checksumAlgorithm(wanted) === given)) return;
  if (given === null) {
    throw new Refusal(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* ' +
        'or x-amz-trailer headers were found.',
    );
  }
  throw new Refusal('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
}

function readContentMd5(headers: Readonly<Record<string, string>>): string | null {
  const value = headers['content-md5'];
  if (value === undefined) return null;
  if (isBase64(value, MD5_BYTES)) return value;
  throw new Refusal('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
    fields: { 'Content-MD5': value },
  });
}

function readSize(
  headers: Readonly<Record<string, string>>,
  framing: BodyPlan['framing'],
): number | null {
  const chunked = headers['transfer-encoding'] !== undefined;
  const decoded = headers['x-amz-decoded-content-length'];
  const declared = framing === 'plain' ? headers['content-length'] : decoded;
  if (declared !== undefined && /^\d+$/.test(declared)) return Number(declared);
  if (declared === undefined && framing === 'plain' && !chunked) return 0;
  throw new Refusal('MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

function isBase64(text: string, length: number): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length && bytes.toString('base64') === text;
}

function multipleChecksums(): Refusal {
  return new Refusal(
    'InvalidRequest',
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  );
}
