import { type BucketState, newId, type StoredPart, type StoredUpload } from '../bucket-state.js';
import { type ChecksumAlgorithm, checksumAlgorithm } from '../body/checksum.js';
import {
  type Answer,
  bucketOf,
  emptyAnswer,
  type Exchange,
  keyOf,
  parameter,
  timeOf,
  xmlAnswer,
} from '../exchange.js';
import { encryptionHeaders, readAttributes } from './object-attributes.js';
import { checksumHeaders, etagOf, requireBodyDigest, requireRoom } from './objects.js';
import { notImplemented, Refusal } from '../refusal.js';
import { attemptOf, requireAttributeRights } from '../access/rights.js';
import type { ObjectChecksum } from '../types.js';
import { element, xmlDocument } from '../xml.js';

const PART_NUMBER_MAX = 10_000;

/** CreateMultipartUpload. */
export function createUpload(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const attributes = readAttributes(exchange.headers, bucket);
  requireAttributeRights(exchange, attributes);
  exchange.world.permissions.requireKey(
    attemptOf(exchange, 'kms:GenerateDataKey'),
    attributes.encryption,
  );
  const algorithm = readAlgorithm(exchange);
  const upload: StoredUpload = {
    key: keyOf(exchange),
    uploadId: newId(),
    initiated: timeOf(exchange),
    initiator: exchange.principal.arn,
    attributes,
    checksumAlgorithm: algorithm,
    checksumType: readChecksumType(exchange, algorithm),
    parts: new Map(),
  };
  bucket.uploads.set(upload.uploadId, upload);
  const headers = encryptionHeaders(attributes.encryption);
  if (algorithm !== null) {
    headers['x-amz-checksum-algorithm'] = algorithm;
    headers['x-amz-checksum-type'] = upload.checksumType;
  }
  const children = [
    element('Bucket', bucket.name),
    element('Key', upload.key),
    element('UploadId', upload.uploadId),
  ];
  return xmlAnswer(xmlDocument('InitiateMultipartUploadResult', children), headers);
}

/** UploadPart. A part that is there already is replaced. */
export function uploadPart(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const { body } = exchange;
  const number = readPartNumber(exchange);
  const upload = uploadOf(exchange, bucket);
  const { encryption } = upload.attributes;
  for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
    exchange.world.permissions.requireKey(attemptOf(exchange, action), encryption);
  }
  requireBodyDigest(body, bucket, 'Part');
  requireChecksumOf(upload, body.checksum?.algorithm ?? null);
  requireRoom(bucket, body.size);
  const part: StoredPart = {
    number,
    chunks: body.chunks,
    size: body.size,
    etag: etagOf(body.md5, encryption),
    md5: body.md5,
    checksum: body.checksum,
    lastModified: timeOf(exchange),
  };
  upload.parts.set(number, part);
  const { checksum } = part;
  const headers = checksum === null ? {} : checksumHeaders({ ...checksum, type: 'COMPOSITE' });
  delete headers['x-amz-checksum-type'];
  return emptyAnswer(200, {
    etag: `"${part.etag}"`,
    ...encryptionHeaders(encryption),
    ...headers,
  });
}

/** AbortMultipartUpload. */
export function abortUpload(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const upload = uploadOf(exchange, bucket);
  bucket.uploads.delete(upload.uploadId);
  return emptyAnswer(204);
}

/** The upload of the request, which must be in progress under the request's key. */
export function uploadOf(exchange: Exchange, bucket: BucketState): StoredUpload {
  const upload = bucket.uploads.get(parameter(exchange, 'uploadId') ?? '');
  if (upload !== undefined && upload.key === keyOf(exchange)) return upload;
  throw noSuchUpload(exchange);
}

export function noSuchUpload(exchange: Exchange): Refusal {
  return new Refusal(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, ' +
      'or the upload may have been aborted or completed.',
    { fields: { UploadId: parameter(exchange, 'uploadId') ?? '' } },
  );
}

function readPartNumber(exchange: Exchange): number {
  const text = parameter(exchange, 'partNumber') ?? '';
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= PART_NUMBER_MAX) return number;
  throw new Refusal(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
    { fields: { ArgumentName: 'partNumber', ArgumentValue: text } },
  );
}

function readAlgorithm(exchange: Exchange): ChecksumAlgorithm | null {
  const name = exchange.headers['x-amz-checksum-algorithm'];
  if (name === undefined) return null;
  const algorithm = checksumAlgorithm(name);
  if (algorithm !== null) return algorithm;
  if (name.toUpperCase() === 'CRC64NVME') throw notImplemented('CRC64NVME');
  throw new Refusal(
    'InvalidRequest',
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types.',
  );
}

function readChecksumType(
  exchange: Exchange,
  algorithm: ChecksumAlgorithm | null,
): ObjectChecksum['type'] {
  const type = exchange.headers['x-amz-checksum-type'];
  if (type === undefined || type === 'COMPOSITE') return 'COMPOSITE';
  if (type !== 'FULL_OBJECT') {
    throw new Refusal('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  if (algorithm === 'CRC32' || algorithm === 'CRC32C') return 'FULL_OBJECT';
  throw new Refusal(
    'InvalidRequest',
    `The FULL_OBJECT checksum type cannot be used with the ${algorithm?.toLowerCase() ?? 'null'} ` +
      'checksum algorithm.',
  );
}

/** An upload that named an algorithm wants it on each part; one that named none takes no checksum. */
function requireChecksumOf(upload: StoredUpload, given: ChecksumAlgorithm | null): void {
  const wanted = upload.checksumAlgorithm;
  if (wanted === given) return;
  if (given === null && upload.checksumType === 'FULL_OBJECT') return;
  throw new Refusal(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${wanted?.toLowerCase() ?? 'null'}, ` +
      `actual checksum Type: ${given?.toLowerCase() ?? 'null'}`,
  );
}
