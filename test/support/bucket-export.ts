import assert from 'node:assert/strict';

import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';

import { s3CursorStore, s3Sink } from '../../src/entries/s3.js';
import type { CursorStore, Runtime, Sink } from '../../src/interfaces/index.js';
import { clientConfigOf, freshBucket, type S3Server } from './s3-place.js';
import type { S3Double } from './s3-double/index.js';
import { assertExactlyOnce } from './table-export.js';
import type { Audit } from './audit.js';
import type { Table } from './table-source.js';

/** Where an export writes its objects and keeps its checkpoint: one bucket. JSON, for other processes. */
export interface S3ExportPlace {
  readonly server: S3Server;
  readonly bucket: string;
}

/** Folder of the objects; the documents of the cursor store are beside it. */
const PREFIX = 'archive';
const CURSORS = '_cursors';

/** Documents of one export and of the store itself. */
const DOCUMENTS =
  /^_cursors\/(?:(?:checkpoints|runs|pauses)\/[\w-]+\.json|probes\/conditional-write)$/;

export function serverOf({ url, region, credentials }: S3Double): S3Server {
  return { endpoint: url, region, credentials };
}

/** A bucket of its own. */
export async function freshPlace(server: S3Server): Promise<S3ExportPlace> {
  return { server, bucket: await freshBucket(server) };
}

/** What one process has of an export. */
export interface ExportProcess {
  readonly parts: { readonly sink: Sink; readonly cursorStore: CursorStore };
  /** From now on no request leaves the process, and no answer reaches it. */
  readonly die: () => void;
  /** Closes its connections. */
  readonly close: () => void;
}

/** Sink and cursor store of one process, over connections of their own that a test can cut. */
export function openProcess(
  { server, bucket }: S3ExportPlace,
  settings: { readonly runtime?: Runtime; readonly client?: S3ClientConfig } = {},
): ExportProcess {
  const { client, die } = mortalClient({ ...clientConfigOf(server), ...settings.client });
  const { runtime } = settings;
  const sink = s3Sink({ bucket, prefix: PREFIX, client, runtime });
  const cursorStore = s3CursorStore({ bucket, prefix: CURSORS, client, runtime });
  return {
    parts: { sink, cursorStore },
    die,
    close: () => client.destroy(),
  };
}

/** A client whose process can die: what it would send then is never sent, what it would hear is not heard. */
function mortalClient(config: S3ClientConfig): { client: S3Client; die: () => void } {
  const client = new S3Client(config);
  let isDead = false;
  const throwIfDead = (): void => {
    if (isDead) throw new Error('the process is dead');
  };
  client.middlewareStack.add(
    (next) => async (args) => {
      throwIfDead();
      const answer = await next(args);
      throwIfDead();
      return answer;
    },
    { name: 'mortality', step: 'deserialize', priority: 'low' },
  );
  return {
    client,
    die: () => {
      isDead = true;
    },
  };
}

/** Everything in a bucket that costs money: objects, and uploads that nobody finished. */
export interface BucketContents {
  readonly keys: readonly string[];
  /** Keys of unfinished uploads. */
  readonly uploads: readonly string[];
}

/** Lists a bucket as its owner sees it. */
export async function listBucket({ server, bucket }: S3ExportPlace): Promise<BucketContents> {
  const client = new S3Client(clientConfigOf(server));
  try {
    const objects = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    assert(!objects.IsTruncated && !uploads.IsTruncated, 'the bucket of a test has few objects');
    return {
      keys: (objects.Contents ?? []).map(({ Key = '' }) => Key),
      uploads: (uploads.Uploads ?? []).map(({ Key = '' }) => Key),
    };
  } finally {
    client.destroy();
  }
}

/**
 * The oracle over a bucket: what `assertExactlyOnce` proves of the export, and by the bucket's own lists that there
 * is nothing else: every object is named by a manifest, superseded, or a document, and no upload is unfinished.
 */
export async function assertBucketExactlyOnce(place: S3ExportPlace, table: Table): Promise<Audit> {
  const { parts, close } = openProcess(place);
  try {
    const audit = await assertExactlyOnce(parts.sink, table);
    const known = new Set(audit.manifests.flatMap(keysOf));
    const { keys, uploads } = await listBucket(place);
    const isUnknown = (key: string): boolean =>
      !DOCUMENTS.test(key) && !known.has(key.slice(PREFIX.length + 1)) && !isManifest(key);
    assert.deepEqual(keys.filter(isUnknown), [], 'every object of the bucket is accounted for');
    assert.deepEqual(uploads, [], 'no unfinished upload is left');
    return audit;
  } finally {
    close();
  }
}

function keysOf({ objects, rowIndex, rejected, supersedes }: Audit['manifests'][number]): string[] {
  const others = rejected === null ? [rowIndex.key] : [rowIndex.key, rejected.key];
  return [...objects.map(({ key }) => key), ...others, ...supersedes];
}

/** Every manifest that is listed was read by the audit, which finds the chain of them whole. */
function isManifest(key: string): boolean {
  return key.startsWith(`${PREFIX}/_manifests/`);
}
