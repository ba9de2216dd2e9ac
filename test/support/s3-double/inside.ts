import type { BucketState, StoredUpload, StoredVersion } from './bucket-state.js';
import { remove } from './operations/delete-objects.js';
import { plantObject } from './operations/objects.js';
import type { DoubleBucket, DoubleObject, DoubleUpload } from './types.js';

/** A bucket as tests see it from inside the server. */
export function insideBucket(bucket: BucketState, now: () => Date): DoubleBucket {
  return {
    name: bucket.name,
    objects: () => {
      const objects = new Map<string, DoubleObject>();
      for (const key of bucket.sortedKeys()) {
        const version = bucket.current(key);
        if (version !== null) objects.set(key, insideObject(bucket, version));
      }
      return objects;
    },
    uploads: () => [...bucket.uploads.values()].map(insideUpload),
    put: (key, bytes) => plantObject(bucket, { key, bytes: Buffer.from(bytes), at: now() }),
    remove: (key) => void remove(bucket, { key, versionId: null }, now()),
    abortUploads: () => bucket.uploads.clear(),
  };
}

function insideObject(bucket: BucketState, version: StoredVersion): DoubleObject {
  const { attributes } = version;
  return {
    bytes: () => Buffer.concat(version.chunks),
    size: version.size,
    etag: version.etag,
    metadata: attributes.metadata,
    contentType: attributes.contentType,
    contentEncoding: attributes.standardHeaders['content-encoding'] ?? null,
    storageClass: attributes.storageClass,
    tags: attributes.tags,
    acl: attributes.acl,
    encryption: attributes.encryption,
    checksum: version.checksum,
    lastModified: version.lastModified,
    versions: bucket.versions(version.key).length,
  };
}

function insideUpload(upload: StoredUpload): DoubleUpload {
  return {
    key: upload.key,
    uploadId: upload.uploadId,
    initiated: upload.initiated,
    parts: [...upload.parts.values()]
      .map(({ number, size, etag }) => ({ number, size, etag }))
      .sort((left, right) => left.number - right.number),
    metadata: upload.attributes.metadata,
  };
}
