import { bucketOf, emptyAnswer, type Exchange, keyOf, parameter, xmlAnswer } from '../exchange.js';
import type { Answer } from '../exchange.js';
import type { BucketState, StoredVersion } from '../bucket-state.js';
import { isNotModified } from './conditions.js';
import { attributeHeaders } from './object-attributes.js';
import { checksumHeaders, versionHeaders } from './objects.js';
import { Refusal } from '../refusal.js';
import { attemptOf } from '../access/rights.js';
import { element, group, xmlDocument } from '../xml.js';

const ARCHIVED: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** GetObject. */
export function getObject(exchange: Exchange): Answer {
  const { bucket, object } = find(exchange);
  if (ARCHIVED.has(object.attributes.storageClass)) {
    throw new Refusal(
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
    );
  }
  const { encryption } = object.attributes;
  exchange.world.permissions.requireKey(attemptOf(exchange, 'kms:Decrypt'), encryption);
  return read(exchange, bucket, object);
}

/** HeadObject: what GetObject answers, without its body. A checksum under KMS takes the right to decrypt. */
export function headObject(exchange: Exchange): Answer {
  const { bucket, object } = find(exchange);
  if (wantsChecksum(exchange) && object.checksum !== null) {
    const { encryption } = object.attributes;
    exchange.world.permissions.requireKey(attemptOf(exchange, 'kms:Decrypt'), encryption);
  }
  return { ...read(exchange, bucket, object), body: '' };
}

/** GetObjectTagging. */
export function getObjectTagging(exchange: Exchange): Answer {
  const { object } = find(exchange);
  const tags = Object.entries(object.attributes.tags).map(([name, value]) =>
    group('Tag', [element('Key', name), element('Value', value)]),
  );
  return xmlAnswer(xmlDocument('Tagging', [group('TagSet', tags)]));
}

function read(exchange: Exchange, bucket: BucketState, object: StoredVersion): Answer {
  const common = {
    etag: `"${object.etag}"`,
    'last-modified': object.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeaders(bucket, object),
  };
  if (isNotModified(exchange, object)) return emptyAnswer(304, common);
  const range = readRange(exchange.headers['range'], object.size);
  const headers = { ...common, ...attributeHeaders(object.attributes) };
  if (range === null) {
    const checksum = wantsChecksum(exchange) ? object.checksum : null;
    const length = String(object.size);
    return {
      status: 200,
      headers: { ...headers, ...checksumHeaders(checksum), 'content-length': length },
      body: object.chunks,
    };
  }
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(range.end - range.start),
      'content-range': `bytes ${range.start}-${range.end - 1}/${object.size}`,
    },
    body: cut(object.chunks, range),
  };
}

function wantsChecksum({ headers }: Exchange): boolean {
  return headers['x-amz-checksum-mode'] === 'ENABLED';
}

function find(exchange: Exchange): { bucket: BucketState; object: StoredVersion } {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const versionId = parameter(exchange, 'versionId');
  const object =
    versionId === null
      ? bucket.newest(key)
      : bucket.versions(key).find((version) => version.versionId === versionId);
  if (object === null || object === undefined) throw missing(exchange, versionId);
  if (!object.isMarker) return { bucket, object };
  const headers = { 'x-amz-delete-marker': 'true', ...versionHeaders(bucket, object) };
  if (versionId === null) {
    throw new Refusal('NoSuchKey', 'The specified key does not exist.', { headers });
  }
  throw new Refusal(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { headers },
  );
}

/** Who may not list is not told what is missing. */
function missing(exchange: Exchange, versionId: string | null): Refusal {
  const { behaviour, permissions } = exchange.world;
  const mayList = permissions.allows(attemptOf(exchange, 's3:ListBucket'));
  if (behaviour.hideMissing || !mayList) return new Refusal('AccessDenied', 'Access Denied');
  if (versionId !== null) {
    return new Refusal('NoSuchVersion', 'The specified version does not exist.');
  }
  const fields = { Key: keyOf(exchange) };
  return new Refusal('NoSuchKey', 'The specified key does not exist.', { fields });
}

/** One range of bytes; null when the header is absent or not understood, which S3 ignores. */
function readRange(header: string | undefined, size: number): ByteRange | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const length = Math.min(size, Number(last));
    if (length === 0) throw invalidRange(header ?? '', size);
    return { start: size - length, end: size };
  }
  const start = Number(first);
  if (start >= size) throw invalidRange(header ?? '', size);
  if (last !== '' && Number(last) < start) return null;
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}

function invalidRange(header: string, size: number): Refusal {
  return new Refusal('InvalidRange', 'The requested range is not satisfiable', {
    headers: { 'content-range': `bytes */${size}` },
    fields: { RangeRequested: header, ActualObjectSize: String(size) },
  });
}

function cut(chunks: readonly Buffer[], range: ByteRange): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const chunk of chunks) {
    const from = Math.max(range.start - at, 0);
    const to = Math.min(range.end - at, chunk.length);
    if (from < to) pieces.push(chunk.subarray(from, to));
    at += chunk.length;
    if (at >= range.end) break;
  }
  return pieces;
}
