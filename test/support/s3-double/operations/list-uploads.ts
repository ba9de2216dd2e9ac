import { OWNER_ACCOUNT } from '../access/accounts.js';
import {
  type BucketState,
  sortByBytes,
  type StoredPart,
  type StoredUpload,
} from '../bucket-state.js';
import {
  type Answer,
  bucketOf,
  countParameter,
  type Exchange,
  parameter,
  xmlAnswer,
} from '../exchange.js';
import { keyText } from './list-objects.js';
import { uploadOf } from './multipart.js';
import { attemptOf } from '../access/rights.js';
import { element, group, optionalElement, xmlDocument } from '../xml.js';

const ENTRIES_MAX = 1000;

/** ListMultipartUploads: by key, and under one key the oldest first. */
export function listUploads(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const text = keyText(exchange);
  const prefix = parameter(exchange, 'prefix') ?? '';
  const action = 's3:ListBucketMultipartUploads';
  exchange.world.permissions.require({ ...attemptOf(exchange, action), key: prefix });
  const keyMarker = parameter(exchange, 'key-marker');
  const idMarker = keyMarker === null ? null : parameter(exchange, 'upload-id-marker');
  const limit = countParameter(exchange, 'max-uploads', ENTRIES_MAX);
  const matching = uploadsAfter(bucket, keyMarker, idMarker).filter((upload) =>
    upload.key.startsWith(prefix),
  );
  const page = matching.slice(0, limit);
  const isTruncated = limit > 0 && matching.length > limit;
  const last = page.at(-1);
  const children = [
    element('Bucket', bucket.name),
    element('KeyMarker', text(keyMarker ?? '')),
    element('UploadIdMarker', idMarker ?? ''),
    element('NextKeyMarker', isTruncated ? text(last?.key ?? '') : ''),
    element('NextUploadIdMarker', isTruncated ? (last?.uploadId ?? '') : ''),
    element('Prefix', text(prefix)),
    optionalElement('EncodingType', parameter(exchange, 'encoding-type')),
    element('MaxUploads', limit),
    element('IsTruncated', isTruncated),
    ...page.map((upload) => uploadEntry(upload, text)),
  ];
  return xmlAnswer(xmlDocument('ListMultipartUploadsResult', children));
}

/** ListParts, by number. */
export function listParts(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const upload = uploadOf(exchange, bucket);
  const limit = countParameter(exchange, 'max-parts', ENTRIES_MAX);
  const marker = countMarker(exchange);
  const after = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .sort((left, right) => left.number - right.number);
  const page = after.slice(0, limit);
  const isTruncated = limit > 0 && after.length > limit;
  const children = [
    element('Bucket', bucket.name),
    element('Key', upload.key),
    element('UploadId', upload.uploadId),
    group('Initiator', [element('ID', upload.initiator)]),
    group('Owner', [element('ID', bucket.settings.owner ?? OWNER_ACCOUNT)]),
    element('StorageClass', upload.attributes.storageClass),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    element('MaxParts', limit),
    element('IsTruncated', isTruncated),
    ...checksumElements(upload),
    ...page.map(partEntry),
  ];
  return xmlAnswer(xmlDocument('ListPartsResult', children));
}

function countMarker(exchange: Exchange): number {
  if (parameter(exchange, 'part-number-marker') === null) return 0;
  return countParameter(exchange, 'part-number-marker', Number.MAX_SAFE_INTEGER);
}

/** Without an id marker a listing goes on after all uploads of the marked key. */
function uploadsAfter(
  bucket: BucketState,
  keyMarker: string | null,
  idMarker: string | null,
): readonly StoredUpload[] {
  const byKey = groupByKey(bucket.uploads.values());
  const sorted = sortByBytes([...byKey.keys()]).flatMap((key) => byKey.get(key) ?? []);
  if (keyMarker === null) return sorted;
  const marked = Buffer.from(keyMarker);
  const later = sorted.filter((upload) => Buffer.compare(Buffer.from(upload.key), marked) > 0);
  if (idMarker === null) return later;
  const same = byKey.get(keyMarker) ?? [];
  const at = same.findIndex((upload) => upload.uploadId === idMarker);
  return at === -1 ? later : [...same.slice(at + 1), ...later];
}

function groupByKey(uploads: Iterable<StoredUpload>): Map<string, StoredUpload[]> {
  const byKey = new Map<string, StoredUpload[]>();
  for (const upload of uploads) {
    const same = byKey.get(upload.key);
    if (same === undefined) byKey.set(upload.key, [upload]);
    else same.push(upload);
  }
  return byKey;
}

function uploadEntry(upload: StoredUpload, text: (key: string) => string): string {
  return group('Upload', [
    element('Key', text(upload.key)),
    element('UploadId', upload.uploadId),
    group('Initiator', [element('ID', upload.initiator)]),
    group('Owner', [element('ID', OWNER_ACCOUNT)]),
    element('StorageClass', upload.attributes.storageClass),
    element('Initiated', upload.initiated.toISOString()),
    ...checksumElements(upload),
  ]);
}

function checksumElements(upload: StoredUpload): readonly string[] {
  if (upload.checksumAlgorithm === null) return [];
  return [
    element('ChecksumAlgorithm', upload.checksumAlgorithm),
    element('ChecksumType', upload.checksumType),
  ];
}

function partEntry(part: StoredPart): string {
  const { checksum } = part;
  return group('Part', [
    element('PartNumber', part.number),
    element('LastModified', part.lastModified.toISOString()),
    element('ETag', `"${part.etag}"`),
    element('Size', part.size),
    ...(checksum === null ? [] : [element(`Checksum${checksum.algorithm}`, checksum.value)]),
  ]);
}
