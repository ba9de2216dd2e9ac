import type { OptionReader } from '../options/index.js';
import { objectKeyProblem } from '../util/object-key.js';

/** Keys of objects take up to 900 of the 1,024 bytes that S3 allows. */
const PREFIX_MAX_BYTES = 120;
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/u;
const DIRECTORY_BUCKET = /--x-s3$/u;

/** Says what is wrong with the name of a bucket on AWS, or `null`. */
function bucketNameProblem(name: string): string | null {
  if (!BUCKET_NAME.test(name) || name.includes('..'))
    return 'must be a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends';
  if (IP_ADDRESS.test(name)) return 'must be a bucket name, not an IP address';
  if (DIRECTORY_BUCKET.test(name))
    return 'must be a general purpose bucket, not a directory bucket';
  return null;
}

/** Says what is wrong with the folder of a bucket that all keys begin with, or `null`. */
function prefixProblem(prefix: string): string | null {
  if (prefix.startsWith('/') || prefix.endsWith('/'))
    return 'must have no slash at its beginning or end';
  if (Buffer.byteLength(prefix) > PREFIX_MAX_BYTES)
    return `must have at most ${PREFIX_MAX_BYTES} bytes`;
  const problem = objectKeyProblem(prefix);
  return problem === null ? null : `cannot be used: ${problem}`;
}

/** Reads the option `bucket`. */
export function readBucket(reader: OptionReader): string {
  const bucket = reader.string('bucket');
  const problem = bucket === '' ? null : bucketNameProblem(bucket);
  if (problem !== null) reader.problem('bucket', problem);
  return bucket;
}

/** Reads the option `prefix`, which may be left out. */
export function readPrefix(reader: OptionReader, fallback: string): string {
  if (!reader.has('prefix')) return fallback;
  const prefix = reader.string('prefix');
  const problem = prefix === '' ? null : prefixProblem(prefix);
  if (problem !== null) reader.problem('prefix', problem);
  return prefix;
}
