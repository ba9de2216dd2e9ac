import { createHash } from 'node:crypto';

import type { BucketState, StoredPart, StoredUpload, StoredVersion } from '../bucket-state.js';
import {
  type ChecksumAlgorithm,
  CHECKSUM_ALGORITHMS,
  digestOf,
  startDigest,
} from '../body/checksum.js';
import { checkWriteConditions, unquote } from './conditions.js';
import {
  type Answer,
  bucketOf,
  type Exchange,
  keyOf,
  parameter,
  timeOf,
  xmlAnswer,
} from '../exchange.js';
import { noSuchUpload, uploadOf } from './multipart.js';
import { encryptionHeaders } from './object-attributes.js';
import { etagOf, versionHeaders } from './objects.js';
import { Refusal } from '../refusal.js';
import { attemptOf } from '../access/rights.js';
import type { ObjectChecksum } from '../types.js';
import {
  childList,
  childText,
  element,
  malformedXml,
  readXml,
  xmlDocument,
  type XmlElement,
} from '../xml.js';

const PARTS_MAX = 10_000;

/** A part as the completion names it. */
interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: Readonly<Record<string, string>>;
}

/** CompleteMultipartUpload: the parts become an object, at once. */
export function completeUpload(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const named = readNamedParts(exchange);
  checkWriteConditions(exchange, bucket);
  const again = completedBefore(exchange, bucket);
  if (again !== null) return resultOf(exchange, bucket, again);
  const upload = uploadOf(exchange, bucket);
  const { permissions } = exchange.world;
  permissions.requireKey(attemptOf(exchange, 'kms:Decrypt'), upload.attributes.encryption);
  const parts = named.map((part) => findPart(upload, part));
  requireSizes(exchange, parts);
  const version = assemble(exchange, upload, parts);
  requireObjectChecksum(exchange, version.checksum);
  const stored = bucket.add(version);
  bucket.uploads.delete(upload.uploadId);
  bucket.completed.set(upload.uploadId, { key: upload.key, version: stored });
  return resultOf(exchange, bucket, stored);
}

function readNamedParts(exchange: Exchange): readonly NamedPart[] {
  const document = readXml(Buffer.concat(exchange.body.chunks), 'CompleteMultipartUpload');
  const named = childList(document, 'Part').map(readNamedPart);
  if (named.length === 0 || named.length > PARTS_MAX) throw malformedXml();
  const isOrdered = named.every((part, index) => part.number > (named[index - 1]?.number ?? 0));
  if (isOrdered) return named;
  throw new Refusal(
    'InvalidPartOrder',
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
  );
}

function readNamedPart(part: XmlElement): NamedPart {
  const number = childText(part, 'PartNumber') ?? '';
  const etag = childText(part, 'ETag');
  if (!/^\d{1,5}$/.test(number) || etag === null) throw malformedXml();
  const checksums: Record<string, string> = {};
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = childText(part, `Checksum${algorithm}`);
    if (value !== null) checksums[algorithm] = value;
  }
  return { number: Number(number), etag: unquote(etag), checksums };
}

function completedBefore(exchange: Exchange, bucket: BucketState): StoredVersion | null {
  const completed = bucket.completed.get(parameter(exchange, 'uploadId') ?? '');
  if (completed === undefined || completed.key !== keyOf(exchange)) return null;
  if (exchange.world.behaviour.repeatedComplete === 'ok') return completed.version;
  throw noSuchUpload(exchange);
}

function findPart(upload: StoredUpload, named: NamedPart): StoredPart {
  const part = upload.parts.get(named.number);
  if (part === undefined || part.etag !== named.etag) throw invalidPart(upload, named);
  const wanted = upload.checksumAlgorithm;
  const isComposite = wanted !== null && upload.checksumType === 'COMPOSITE';
  if (isComposite && named.checksums[wanted] === undefined) {
    const name = wanted.toLowerCase();
    throw new Refusal(
      'InvalidRequest',
      `The upload was created using a ${name} checksum. The complete request must include the ` +
        `checksum for each part. It was missing for part ${named.number} in the request.`,
    );
  }
  for (const [algorithm, value] of Object.entries(named.checksums)) {
    const isSame = part.checksum?.algorithm === algorithm && part.checksum.value === value;
    if (!isSame) throw invalidPart(upload, named);
  }
  return part;
}

function invalidPart(upload: StoredUpload, named: NamedPart): Refusal {
  return new Refusal(
    'InvalidPart',
    'One or more of the specified parts could not be found. The part may not have been ' +
      "uploaded, or the specified entity tag may not match the part's entity tag.",
    {
      fields: {
        UploadId: upload.uploadId,
        PartNumber: String(named.number),
        ETag: named.etag,
      },
    },
  );
}

function requireSizes(exchange: Exchange, parts: readonly StoredPart[]): void {
  const { minPartBytes, equalParts } = exchange.world.behaviour;
  const whole = parts.slice(0, -1);
  const small = whole.find((part) => part.size < minPartBytes);
  if (small !== undefined) {
    throw new Refusal(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      {
        fields: {
          ProposedSize: String(small.size),
          MinSizeAllowed: String(minPartBytes),
          PartNumber: String(small.number),
          ETag: small.etag,
        },
      },
    );
  }
  const [first] = whole;
  if (!equalParts || first === undefined) return;
  const isEven = whole.every((part) => part.size === first.size);
  if (isEven && (parts.at(-1)?.size ?? 0) <= first.size) return;
  throw new Refusal('InvalidPart', 'All non-trailing parts must have the same length.');
}

function assemble(
  exchange: Exchange,
  upload: StoredUpload,
  parts: readonly StoredPart[],
): Omit<StoredVersion, 'versionId'> {
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.md5);
  return {
    key: upload.key,
    isMarker: false,
    chunks: parts.flatMap((part) => part.chunks),
    size: parts.reduce((total, part) => total + part.size, 0),
    etag: `${etagOf(md5.digest(), upload.attributes.encryption)}-${parts.length}`,
    lastModified: timeOf(exchange),
    attributes: upload.attributes,
    checksum: objectChecksum(upload, parts),
  };
}

function objectChecksum(upload: StoredUpload, parts: readonly StoredPart[]): ObjectChecksum | null {
  const algorithm = upload.checksumAlgorithm;
  if (algorithm === null) return null;
  const type = upload.checksumType;
  if (type === 'FULL_OBJECT') return { algorithm, value: digestOfAll(algorithm, parts), type };
  const digests = parts.map((part) => Buffer.from(part.checksum?.value ?? '', 'base64'));
  return { algorithm, value: `${digestOf(algorithm, digests)}-${parts.length}`, type };
}

function digestOfAll(algorithm: ChecksumAlgorithm, parts: readonly StoredPart[]): string {
  const digest = startDigest(algorithm);
  for (const part of parts) for (const chunk of part.chunks) digest.update(chunk);
  return digest.end().toString('base64');
}

/** Compares what the client says of the whole object with what came of its parts. */
function requireObjectChecksum(exchange: Exchange, checksum: ObjectChecksum | null): void {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const claimed = exchange.headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    if (claimed === undefined) continue;
    const plain = checksum?.value.replace(/-\d+$/, '');
    const isSame = claimed === checksum?.value || claimed === plain;
    if (checksum?.algorithm === algorithm && isSame) continue;
    throw new Refusal(
      'BadDigest',
      `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    );
  }
}

function resultOf(exchange: Exchange, bucket: BucketState, version: StoredVersion): Answer {
  const { checksum } = version;
  const children = [
    element('Location', `http://${exchange.headers['host'] ?? ''}/${bucket.name}/${version.key}`),
    element('Bucket', bucket.name),
    element('Key', version.key),
    element('ETag', `"${version.etag}"`),
  ];
  if (checksum !== null) {
    children.push(element(`Checksum${checksum.algorithm}`, checksum.value));
    children.push(element('ChecksumType', checksum.type));
  }
  return xmlAnswer(xmlDocument('CompleteMultipartUploadResult', children), {
    ...encryptionHeaders(version.attributes.encryption),
    ...versionHeaders(bucket, version),
  });
}
