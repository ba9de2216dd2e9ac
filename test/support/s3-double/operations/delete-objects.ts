import type { BucketState, StoredVersion } from '../bucket-state.js';
import { checkDeleteCondition } from './conditions.js';
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
import { deletionMarker } from './objects.js';
import { notImplemented, Refusal } from '../refusal.js';
import { attemptOf } from '../access/rights.js';
import {
  childList,
  childText,
  element,
  group,
  malformedXml,
  readXml,
  xmlDocument,
} from '../xml.js';

const KEYS_MAX = 1000;

interface Deletion {
  readonly key: string;
  readonly versionId: string | null;
}

/** DeleteObject. */
export function deleteObject(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const deletion = { key: keyOf(exchange), versionId: parameter(exchange, 'versionId') };
  exchange.world.permissions.require(attemptOf(exchange, actionOf(deletion)));
  checkDeleteCondition(exchange, bucket.current(deletion.key));
  const marker = remove(bucket, deletion, timeOf(exchange));
  if (marker === null) return emptyAnswer(204);
  return emptyAnswer(204, {
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': marker.versionId,
  });
}

/** DeleteObjects. Each key succeeds or fails for itself. */
export function deleteObjects(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const { body } = exchange;
  if (!body.hasContentMd5 && body.checksum === null) {
    throw new Refusal('InvalidRequest', 'Missing required header for this request: Content-MD5');
  }
  const document = readXml(Buffer.concat(body.chunks), 'Delete');
  const deletions = childList(document, 'Object').map((item): Deletion => {
    const key = childText(item, 'Key');
    if (key === null) throw malformedXml();
    if (childText(item, 'ETag') !== null) throw notImplemented('a deletion by ETag in a list');
    return { key, versionId: childText(item, 'VersionId') };
  });
  if (deletions.length === 0 || deletions.length > KEYS_MAX) throw malformedXml();
  const quiet = childText(document, 'Quiet') === 'true';
  const results = deletions.map((deletion) => removeListed(exchange, bucket, deletion));
  const told = results.filter((result) => !quiet || result.startsWith('<Error>'));
  return xmlAnswer(xmlDocument('DeleteResult', told));
}

/** Takes a key away: a marker where versions are kept. */
export function remove(bucket: BucketState, deletion: Deletion, at: Date): StoredVersion | null {
  if (deletion.versionId !== null) {
    bucket.drop(deletion.key, deletion.versionId);
    return null;
  }
  if (bucket.isVersioned) return bucket.add(deletionMarker(deletion.key, at));
  bucket.drop(deletion.key, 'null');
  return null;
}

function removeListed(exchange: Exchange, bucket: BucketState, deletion: Deletion): string {
  const key = element('Key', deletion.key);
  const attempt = { ...attemptOf(exchange, actionOf(deletion)), key: deletion.key };
  if (!exchange.world.permissions.allows(attempt)) {
    return group('Error', [
      key,
      element('Code', 'AccessDenied'),
      element('Message', 'Access Denied'),
    ]);
  }
  const marker = remove(bucket, deletion, timeOf(exchange));
  if (marker === null) return group('Deleted', [key]);
  return group('Deleted', [
    key,
    element('DeleteMarker', true),
    element('DeleteMarkerVersionId', marker.versionId),
  ]);
}

function actionOf(deletion: Deletion): string {
  return deletion.versionId === null ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
}
