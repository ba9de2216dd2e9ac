import type { CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3';

import { type EncryptionInput, type S3Encryption, readEncryption } from '../../aws/encryption.js';
import { kindOf, type OptionReader } from '../../options/index.js';

/** What is said of every object beside its content. */
export interface S3ObjectOptions {
  /**
   * Storage class of data objects, such as `STANDARD_IA` or `GLACIER_IR`. Manifests and row indexes stay in the
   * bucket's default: later runs read them.
   * @defaultValue that of the bucket
   */
  readonly storageClass?: string | undefined;
  /** Tags of every object, ten at most. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** User metadata of every object. Names are lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** For a bucket of another account whose objects have owners of their own. */
  readonly acl?: 'bucket-owner-full-control' | undefined;
  /**
   * Encryption at rest.
   * @defaultValue what the bucket does by itself
   */
  readonly encryption?: S3Encryption | undefined;
}

type SharedInput = EncryptionInput &
  Pick<CreateMultipartUploadCommandInput, 'Tagging' | 'Metadata' | 'ACL'>;

export interface ObjectSettings {
  readonly storageClass: string | undefined;
  /** Members that every write of an object has in common. */
  readonly shared: SharedInput;
}

/** Name of the metadata by which an object is known as ours. */
export const MARK_METADATA = 'tracehaul-upload';

const METADATA_NAME = /^[a-z0-9][a-z0-9_-]*$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
/** AWS allows 2 KB; ours needs some. */
const METADATA_MAX_BYTES = 1_900;
const TAGS_MAX = 10;

export function readObjectOptions(reader: OptionReader): ObjectSettings {
  const storageClass = reader.has('storageClass') ? reader.string('storageClass') : undefined;
  const tags = readTexts(reader, 'tags');
  const metadata = readTexts(reader, 'metadata');
  checkTags(reader, tags);
  checkMetadata(reader, metadata);
  const acl = reader.has('acl') && reader.oneOf('acl', ['bucket-owner-full-control']);
  return {
    storageClass,
    shared: {
      ...(Object.keys(tags).length > 0 ? { Tagging: new URLSearchParams(tags).toString() } : {}),
      ...(Object.keys(metadata).length > 0 ? { Metadata: metadata } : {}),
      ...(acl === false ? {} : { ACL: acl }),
      ...readEncryption(reader),
    },
  };
}

function readTexts(reader: OptionReader, name: string): Record<string, string> {
  if (!reader.has(name)) return {};
  const texts: Record<string, string> = {};
  const given = reader.adapter<Record<string, unknown>>(name, []);
  if (Array.isArray(given)) reader.problem(name, 'must be an object, not an array');
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') texts[key] = value;
    else reader.problem(`${name}.${key}`, `must be a string, not ${kindOf(value)}`);
  }
  return texts;
}

function checkTags(reader: OptionReader, tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX) reader.problem('tags', `must be ${TAGS_MAX} at most`);
  for (const [name, value] of entries) {
    if (name === '' || name.length > 128 || name.startsWith('aws:'))
      reader.problem(
        'tags',
        'have a name that is empty, over 128 characters or begins with "aws:"',
      );
    if (value.length > 256) reader.problem(`tags.${name}`, 'must have at most 256 characters');
  }
}

function checkMetadata(reader: OptionReader, metadata: Readonly<Record<string, string>>): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    bytes += name.length + value.length;
    if (!METADATA_NAME.test(name) || name.startsWith('tracehaul'))
      reader.problem(
        `metadata.${name}`,
        'needs a name of lower-case letters, digits, "_" and "-" that does not begin with "tracehaul"',
      );
    if (!PRINTABLE.test(value)) reader.problem(`metadata.${name}`, 'must be printable ASCII');
  }
  if (bytes > METADATA_MAX_BYTES)
    reader.problem('metadata', `must have at most ${METADATA_MAX_BYTES} bytes`);
}
