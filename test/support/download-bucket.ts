import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { listBucket, type S3ExportPlace } from './bucket-export.js';
import { clientConfigOf } from './s3-place.js';

/** Copies every object of a bucket into a folder, below its key, by the SDK alone. */
export async function downloadBucket(place: S3ExportPlace, folder: string): Promise<void> {
  const client = new S3Client(clientConfigOf(place.server));
  try {
    for (const key of (await listBucket(place)).keys) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: place.bucket, Key: key }));
      const path = join(folder, key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, (await Body?.transformToByteArray()) ?? '');
    }
  } finally {
    client.destroy();
  }
}
