import { randomBytes } from 'node:crypto';

import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import { s3Sink, type S3SinkOptions } from '../../src/entries/s3.js';
import type { Sink } from '../../src/interfaces/index.js';

/** A server of S3 and credentials that may do everything there. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What a client needs to reach the server. */
export function clientConfigOf({ endpoint, region, credentials }: S3Server): S3ClientConfig {
  return { endpoint, region, credentials: { ...credentials }, forcePathStyle: true };
}

/** A bucket of its own for one test, on any server. */
export async function freshBucket(server: S3Server): Promise<string> {
  const bucket = `test-${randomBytes(6).toString('hex')}`;
  const client = new S3Client(clientConfigOf(server));
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** A sink in a bucket of its own. */
export async function freshSink(
  server: S3Server,
  options: Partial<S3SinkOptions> = {},
): Promise<Sink & { readonly again: () => Sink }> {
  const settings: S3SinkOptions = {
    ...('client' in options ? {} : { clientConfig: clientConfigOf(server) }),
    ...options,
    bucket: options.bucket ?? (await freshBucket(server)),
  };
  return Object.assign(s3Sink(settings), { again: () => s3Sink(settings) });
}
