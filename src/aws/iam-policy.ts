import { readOptions } from '../options/index.js';
import type { OptionReader } from '../options/index.js';
import { readBucket, readPrefix } from './bucket-scope.js';
import { IAM_ACTIONS, KMS_ACTIONS, objectActions } from './iam-actions.js';
import type { S3Operation } from './iam-actions.js';
import { AWS_PARTITIONS } from './policy-document.js';
import type { AwsPartition, PolicyDocument, PolicyStatement } from './policy-document.js';

/** Options of {@link iamPolicy}. */
export interface IamPolicyOptions {
  /** The bucket that the sink writes to. */
  readonly bucket: string;
  /**
   * The sink's prefix: plain text without a slash at its ends.
   * @defaultValue none: the whole bucket
   */
  readonly prefix?: string | undefined;
  /** Where the cursor store keeps its documents; `{}` for all defaults. Without it nothing is allowed for one. */
  readonly cursorStore?: CursorStorePolicyOptions | undefined;
  /**
   * Encryption that the sink asks for, or that the bucket has by default. A KMS key needs rights of its own.
   * @defaultValue none that needs rights
   */
  readonly encryption?: PolicyEncryption | undefined;
  /** Whether the sink gives its objects tags. @defaultValue false */
  readonly tags?: boolean | undefined;
  /** Whether the sink gives its objects an ACL. @defaultValue false */
  readonly acl?: boolean | undefined;
  /**
   * Whether objects may be deleted: `test()` then clears what it wrote. Exports never delete an object.
   * @defaultValue false
   */
  readonly allowRemove?: boolean | undefined;
  /** @defaultValue 'aws' */
  readonly partition?: AwsPartition | undefined;
}

export interface CursorStorePolicyOptions {
  /** @defaultValue the sink's bucket */
  readonly bucket?: string | undefined;
  /** @defaultValue '_cursors' */
  readonly prefix?: string | undefined;
}

export type PolicyEncryption =
  | { readonly type: 'sse-s3' }
  | {
      readonly type: 'sse-kms';
      /** ARN of the key. An alias gives no rights in a policy. */
      readonly keyArn: string;
    };

interface Scope {
  readonly bucket: string;
  readonly prefix: string;
}

interface Settings extends Scope {
  readonly cursorStore: Scope | undefined;
  readonly keyArn: string | undefined;
  readonly tags: boolean;
  readonly acl: boolean;
  readonly allowRemove: boolean;
  readonly partition: AwsPartition;
}

const SINK_OPERATIONS: readonly S3Operation[] = [
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
  'PutObject',
  'GetObject',
  'HeadObject',
];
const STORE_OPERATIONS: readonly S3Operation[] = ['PutObject', 'GetObject'];
const KEY_ARN = /^arn:([a-z-]+):kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/u;

/**
 * The least that an identity must be allowed to run what is configured, as a policy to attach to its role.
 * No action holds a wildcard; each is bound to the prefix where S3 can bind it. The list of unfinished uploads
 * it can bind to the bucket only. The same options give the same document.
 * @throws ConfigurationError `OPTION_INVALID`
 */
export function iamPolicy(options: IamPolicyOptions): PolicyDocument {
  const settings = readOptions('iamPolicy', options, readSettings);
  return {
    Version: '2012-10-17',
    Statement: [
      ...sinkStatements(settings),
      ...storeStatements(settings),
      ...keyStatements(settings),
    ],
  };
}

function sinkStatements(settings: Settings): readonly PolicyStatement[] {
  const { tags, acl, allowRemove } = settings;
  return [
    allow('SinkObjects', {
      actions: [
        ...objectActions(SINK_OPERATIONS),
        ...(tags ? ['s3:PutObjectTagging'] : []),
        ...(acl ? ['s3:PutObjectAcl'] : []),
        ...(allowRemove ? IAM_ACTIONS.DeleteObject : []),
      ],
      resource: objectsArn(settings, settings.partition),
    }),
    allowList('SinkList', settings, settings.partition),
    // S3 knows no `s3:prefix` in a list of uploads: with such a condition the list would be refused.
    allow('SinkUploads', {
      actions: IAM_ACTIONS.ListMultipartUploads,
      resource: bucketArn(settings, settings.partition),
    }),
  ];
}

function storeStatements(settings: Settings): readonly PolicyStatement[] {
  const { cursorStore, allowRemove, partition } = settings;
  if (cursorStore === undefined) return [];
  return [
    allow('CursorObjects', {
      actions: [
        ...objectActions(STORE_OPERATIONS),
        ...(allowRemove ? IAM_ACTIONS.DeleteObject : []),
      ],
      resource: objectsArn(cursorStore, partition),
    }),
    allowList('CursorList', cursorStore, partition),
  ];
}

function keyStatements({ keyArn }: Settings): readonly PolicyStatement[] {
  if (keyArn === undefined) return [];
  return [allow('EncryptionKey', { actions: KMS_ACTIONS, resource: keyArn })];
}

interface Grant {
  readonly actions: readonly string[];
  readonly resource: string;
}

function allow(sid: string, { actions, resource }: Grant): PolicyStatement {
  return { Sid: sid, Effect: 'Allow', Action: [...actions], Resource: [resource] };
}

function allowList(sid: string, scope: Scope, partition: AwsPartition): PolicyStatement {
  const statement = allow(sid, {
    actions: IAM_ACTIONS.ListObjectsV2,
    resource: bucketArn(scope, partition),
  });
  if (scope.prefix === '') return statement;
  return {
    ...statement,
    Condition: { StringLike: { 's3:prefix': [`${literal(scope.prefix)}/*`] } },
  };
}

function bucketArn({ bucket }: Scope, partition: AwsPartition): string {
  return `arn:${partition}:s3:::${bucket}`;
}

function objectsArn(scope: Scope, partition: AwsPartition): string {
  const folder = scope.prefix === '' ? '' : `${literal(scope.prefix)}/`;
  return `${bucketArn(scope, partition)}/${folder}*`;
}

/** Writes the characters that policies take for patterns as themselves. */
function literal(text: string): string {
  return text.replace(/[*?$]/gu, (character) => `\${${character}}`);
}

function readSettings(reader: OptionReader): Settings {
  const bucket = readBucket(reader);
  const partition = reader.oneOf('partition', AWS_PARTITIONS, 'aws');
  return {
    bucket,
    prefix: readPrefix(reader, ''),
    cursorStore: reader.has('cursorStore')
      ? reader.group('cursorStore', (group) => ({
          bucket: group.has('bucket') ? readBucket(group) : bucket,
          prefix: readPrefix(group, '_cursors'),
        }))
      : undefined,
    keyArn: reader.has('encryption')
      ? reader.group('encryption', (group) => readKeyArn(group, partition))
      : undefined,
    tags: reader.boolean('tags', false),
    acl: reader.boolean('acl', false),
    allowRemove: reader.boolean('allowRemove', false),
    partition,
  };
}

function readKeyArn(reader: OptionReader, partition: AwsPartition): string | undefined {
  if (reader.oneOf('type', ['sse-s3', 'sse-kms']) === 'sse-s3') return undefined;
  const arn = reader.string('keyArn');
  const match = KEY_ARN.exec(arn);
  if (arn !== '' && match === null)
    reader.problem('keyArn', 'must be the ARN of a key: arn:aws:kms:<region>:<account>:key/<id>');
  else if (match !== null && match[1] !== partition)
    reader.problem('keyArn', `must be of the partition ${partition}`);
  return arn;
}
