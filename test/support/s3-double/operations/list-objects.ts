import type { BucketState, StoredVersion } from '../bucket-state.js';
import {
  type Answer,
  bucketOf,
  countParameter,
  type Exchange,
  parameter,
  wantsUrlEncoding,
  xmlAnswer,
} from '../exchange.js';
import { OWNER_ACCOUNT } from '../access/accounts.js';
import { Refusal } from '../refusal.js';
import { attemptOf } from '../access/rights.js';
import { element, group, optionalElement, xmlDocument } from '../xml.js';

const KEYS_MAX = 1000;
const TOKEN_PREFIX = 'after:';

/** A page of keys: each is an object's or, with a delimiter, a common prefix. */
interface KeyPage {
  readonly entries: readonly { readonly key: string; readonly isPrefix: boolean }[];
  /** The last entry when there are more, or null. */
  readonly next: string | null;
}

interface KeyQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Entries come strictly after this key; null from the start. */
  readonly after: string | null;
  readonly limit: number;
}

/** ListObjectsV2. */
export function listObjects(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  if (parameter(exchange, 'list-type') !== '2') {
    throw new Refusal('InvalidArgument', 'Invalid List Type specified in Request');
  }
  const prefix = parameter(exchange, 'prefix') ?? '';
  exchange.world.permissions.require({ ...attemptOf(exchange, 's3:ListBucket'), key: prefix });
  const token = parameter(exchange, 'continuation-token');
  const startAfter = parameter(exchange, 'start-after');
  const delimiter = parameter(exchange, 'delimiter') ?? '';
  const limit = countParameter(exchange, 'max-keys', KEYS_MAX);
  const after = token === null ? startAfter : readToken(token);
  const page = selectKeys(
    bucket.sortedKeys().filter((key) => bucket.current(key) !== null),
    {
      prefix,
      delimiter,
      after,
      limit,
    },
  );
  const text = keyText(exchange);
  const children = [
    element('Name', bucket.name),
    element('Prefix', text(prefix)),
    optionalElement('StartAfter', startAfter === null ? null : text(startAfter)),
    optionalElement('Delimiter', delimiter === '' ? null : text(delimiter)),
    element('MaxKeys', limit),
    optionalElement('EncodingType', parameter(exchange, 'encoding-type')),
    element('KeyCount', page.entries.length),
    element('IsTruncated', page.next !== null),
    optionalElement('ContinuationToken', token),
    optionalElement('NextContinuationToken', page.next === null ? null : writeToken(page.next)),
    ...page.entries.map((entry) =>
      entry.isPrefix
        ? group('CommonPrefixes', [element('Prefix', text(entry.key))])
        : contents(text, bucket.current(entry.key)),
    ),
  ];
  return xmlAnswer(xmlDocument('ListBucketResult', children));
}

/** ListObjectVersions, without paging inside a key: a page ends between keys. */
export function listVersions(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const text = keyText(exchange);
  const prefix = parameter(exchange, 'prefix') ?? '';
  const marker = parameter(exchange, 'key-marker');
  const limit = countParameter(exchange, 'max-keys', KEYS_MAX);
  const query = { prefix, delimiter: '', after: marker, limit };
  const page = selectKeys(bucket.sortedKeys(), query);
  const children = [
    element('Name', bucket.name),
    element('Prefix', text(prefix)),
    element('KeyMarker', text(marker ?? '')),
    element('VersionIdMarker', ''),
    element('MaxKeys', limit),
    optionalElement('EncodingType', parameter(exchange, 'encoding-type')),
    element('IsTruncated', page.next !== null),
    optionalElement('NextKeyMarker', page.next === null ? null : text(page.next)),
    ...page.entries.flatMap((entry) => versionsOf(bucket, entry.key, text)),
  ];
  return xmlAnswer(xmlDocument('ListVersionsResult', children));
}

/** How keys are written: as they are, or percent-encoded as a form is. */
export function keyText(exchange: Exchange): (key: string) => string {
  if (!wantsUrlEncoding(exchange)) return (key) => key;
  return (key) =>
    encodeURIComponent(key)
      .replace(/%2F/g, '/')
      .replace(/%20/g, '+')
      .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function selectKeys(keys: readonly string[], query: KeyQuery): KeyPage {
  const entries: { key: string; isPrefix: boolean }[] = [];
  if (query.limit === 0) return { entries, next: null };
  for (const key of keys.slice(firstAfter(keys, query.after))) {
    if (!key.startsWith(query.prefix)) continue;
    const common = commonPrefix(key, query);
    const entry = common ?? key;
    if (common !== null && isPassed(common, query.after, entries.at(-1)?.key)) continue;
    const last = entries.at(-1);
    if (entries.length === query.limit) return { entries, next: last?.key ?? null };
    entries.push({ key: entry, isPrefix: common !== null });
  }
  return { entries, next: null };
}

/** A common prefix is given once, and not again after a page that ended with it. */
function isPassed(common: string, after: string | null, last: string | undefined): boolean {
  return common === last || (after !== null && after === common);
}

function commonPrefix(key: string, query: KeyQuery): string | null {
  if (query.delimiter === '') return null;
  const end = key.indexOf(query.delimiter, query.prefix.length);
  return end === -1 ? null : key.slice(0, end + query.delimiter.length);
}

function firstAfter(keys: readonly string[], after: string | null): number {
  if (after === null) return 0;
  const bytes = Buffer.from(after);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(Buffer.from(keys[middle] ?? ''), bytes) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function contents(text: (key: string) => string, object: StoredVersion | null): string {
  if (object === null) return '';
  const { checksum } = object;
  return group('Contents', [
    element('Key', text(object.key)),
    element('LastModified', object.lastModified.toISOString()),
    element('ETag', `"${object.etag}"`),
    optionalElement('ChecksumAlgorithm', checksum?.algorithm),
    optionalElement('ChecksumType', checksum?.type),
    element('Size', object.size),
    element('StorageClass', object.attributes.storageClass),
  ]);
}

function versionsOf(
  bucket: BucketState,
  key: string,
  text: (key: string) => string,
): readonly string[] {
  const newest = bucket.newest(key);
  return [...bucket.versions(key)].reverse().map((version) => {
    const common = [
      element('Key', text(version.key)),
      element('VersionId', version.versionId),
      element('IsLatest', version === newest),
      element('LastModified', version.lastModified.toISOString()),
    ];
    const owner = group('Owner', [element('ID', OWNER_ACCOUNT)]);
    if (version.isMarker) return group('DeleteMarker', [...common, owner]);
    return group('Version', [
      ...common,
      element('ETag', `"${version.etag}"`),
      element('Size', version.size),
      element('StorageClass', version.attributes.storageClass),
      owner,
    ]);
  });
}

function writeToken(key: string): string {
  return Buffer.from(TOKEN_PREFIX + key).toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (text.startsWith(TOKEN_PREFIX)) return text.slice(TOKEN_PREFIX.length);
  throw new Refusal('InvalidArgument', 'The continuation token provided is incorrect');
}
