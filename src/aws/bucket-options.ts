import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import type { Runtime } from '../interfaces/index.js';
import type { OptionReader } from '../options/index.js';
import { systemRuntime } from '../util/runtime.js';
import { readBucket, readPrefix } from './bucket-scope.js';
import type { S3Bucket } from './connection.js';

/** What sink and cursor store ask of a host about a bucket. */
export interface S3BucketOptions {
  /** A general purpose bucket, or its like on another service. Versioned and locked ones will do. */
  readonly bucket: string;
  /** A client of the host's own, instead of `clientConfig`. Its retries are left out: they are made here. */
  readonly client?: S3Client | undefined;
  /**
   * What a client is made from: `region`, `credentials` (such as `assumeRole()`), `endpoint` and `forcePathStyle` for
   * other services than AWS, `requestChecksumCalculation`, `requestHandler` for a proxy.
   * @defaultValue the region and the credentials that the SDK finds around it
   */
  readonly clientConfig?: S3ClientConfig | undefined;
  /** Account id of the bucket's owner, twelve digits: a bucket of somebody else is refused. */
  readonly expectedBucketOwner?: string | undefined;
  /**
   * Limit of one attempt, in milliseconds.
   * @defaultValue 120_000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Limit of one request with all its attempts and the waits between them, in milliseconds.
   * @defaultValue 300_000
   */
  readonly totalTimeoutMs?: number | undefined;
  /**
   * Most attempts at one request.
   * @defaultValue 6
   */
  readonly maxAttempts?: number | undefined;
  /** Time, waiting and randomness. @defaultValue those of Node */
  readonly runtime?: Runtime | undefined;
}

const OWNER = /^\d{12}$/;

/** Reads the options about the bucket, and makes the client when none is given. */
export function readBucketOptions(reader: OptionReader, defaultPrefix: string): S3Bucket {
  const bucket = readBucket(reader);
  const prefix = readPrefix(reader, defaultPrefix);
  const owner = reader.has('expectedBucketOwner')
    ? reader.string('expectedBucketOwner')
    : undefined;
  if (owner !== undefined && owner !== '' && !OWNER.test(owner))
    reader.problem('expectedBucketOwner', 'must be an account id of twelve digits');
  const config = reader.has('clientConfig')
    ? reader.adapter<S3ClientConfig>('clientConfig', [])
    : {};
  const place = prefix === '' ? bucket : `${bucket}/${prefix}`;
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    location: `s3://${serverOf(config.endpoint)}${place}`,
    expectedBucketOwner: owner,
    client: readClient(reader, config),
    requestTimeoutMs: reader.number('requestTimeoutMs', 120_000, { min: 1, max: 3_600_000 }),
    totalTimeoutMs: reader.number('totalTimeoutMs', 300_000, { min: 1, max: 86_400_000 }),
    maxAttempts: reader.number('maxAttempts', 6, { min: 1, max: 100 }),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'sleep', 'random', 'id'], systemRuntime),
  };
}

function readClient(reader: OptionReader, config: S3ClientConfig): S3Client {
  if (reader.has('client')) {
    if (reader.has('clientConfig')) reader.problem('clientConfig', 'cannot go with `client`');
    return reader.adapter<S3Client>('client', ['send', 'config', 'middlewareStack']);
  }
  return new S3Client(config);
}

/** Buckets of AWS have names of their own in all the world; those of other services belong to their server. */
function serverOf(endpoint: unknown): string {
  if (typeof endpoint === 'string' && URL.canParse(endpoint)) return `${new URL(endpoint).host}/`;
  if (endpoint instanceof URL) return `${endpoint.host}/`;
  return '';
}
