import { describe, expect, it } from 'vitest';

import { iamPolicy, type IamPolicyOptions } from 'tracehaul/s3';

import { IAM_ACTIONS, type S3Operation } from '../../../src/aws/iam-actions.js';
import { allows } from '../../support/policy-evaluator.js';

const KEY_ARN = 'arn:aws:kms:eu-central-1:123456789012:key/6f1c-42';

/** What one call of S3 is about. */
interface Call {
  readonly operation: S3Operation;
  readonly bucket?: string;
  /** Key of the object, or prefix of the list. */
  readonly name?: string;
}

const LISTS: readonly S3Operation[] = ['ListObjectsV2'];

/** Whether all that S3 checks for a call is allowed, reading a missing object included. */
function mayCall(options: IamPolicyOptions, call: Call): boolean {
  const policy = iamPolicy(options);
  const bucket = `arn:aws:s3:::${call.bucket ?? 'archive'}`;
  // A call without a name asks for no prefix.
  const prefix = call.name === undefined ? {} : { 's3:prefix': call.name };
  return IAM_ACTIONS[call.operation].every((action) => {
    if (action === 's3:ListBucket')
      return allows(policy, { action, resource: bucket, context: prefix });
    if (call.operation === 'ListMultipartUploads')
      return allows(policy, { action, resource: bucket });
    return allows(policy, { action, resource: `${bucket}/${call.name}` });
  });
}

const OBJECT_CALLS: readonly S3Operation[] = [
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
  'PutObject',
  'GetObject',
  'HeadObject',
];

describe('the rights of the sink', () => {
  const options = { bucket: 'archive', prefix: 'braintrust/prod' };

  it.each([...OBJECT_CALLS, 'ListObjectsV2' as const])('allow %s below the prefix', (operation) => {
    expect(mayCall(options, { operation, name: 'braintrust/prod/2026/a.jsonl' })).toBe(true);
  });

  it('allow to list all of the prefix, and the unfinished uploads of the bucket', () => {
    expect(mayCall(options, { operation: 'ListObjectsV2', name: 'braintrust/prod/' })).toBe(true);
    expect(mayCall(options, { operation: 'ListMultipartUploads' })).toBe(true);
  });

  it.each([...OBJECT_CALLS, 'ListObjectsV2' as const])(
    'refuse %s in another folder, one whose name begins alike, and the one above',
    (operation) => {
      for (const name of ['braintrust/prod-eu/a', 'braintrust/a', 'other/braintrust/prod/a', 'a'])
        expect(mayCall(options, { operation, name })).toBe(false);
    },
  );

  it.each(Object.keys(IAM_ACTIONS) as S3Operation[])('refuse %s in another bucket', (operation) => {
    const name = 'braintrust/prod/a';
    for (const bucket of ['archive-2', 'archiv', 'other'])
      expect(mayCall(options, { operation, bucket, name })).toBe(false);
  });

  it('refuse to list the bucket above the prefix', () => {
    for (const name of ['', 'braintrust', 'braintrust/', 'braintrust/prod'])
      expect(mayCall(options, { operation: 'ListObjectsV2', name })).toBe(false);
    expect(mayCall(options, { operation: 'ListObjectsV2' })).toBe(false);
  });

  it('refuse to delete unless asked for, and then below the prefix only', () => {
    const inside: Call = { operation: 'DeleteObject', name: 'braintrust/prod/a' };
    const outside: Call = { operation: 'DeleteObject', name: 'braintrust/prod-eu/a' };
    expect(mayCall(options, inside)).toBe(false);
    expect(mayCall({ ...options, allowRemove: true }, inside)).toBe(true);
    expect(mayCall({ ...options, allowRemove: true }, outside)).toBe(false);
  });

  it('cover the whole bucket without a prefix', () => {
    for (const operation of [...OBJECT_CALLS, ...LISTS])
      expect(mayCall({ bucket: 'archive' }, { operation, name: 'any/a' })).toBe(true);
  });

  it('take the characters of patterns in a prefix for themselves', () => {
    const odd = { bucket: 'archive', prefix: 'a*b?c$d' };
    expect(mayCall(odd, { operation: 'GetObject', name: 'a*b?c$d/x' })).toBe(true);
    expect(mayCall(odd, { operation: 'GetObject', name: 'aXb?c$d/x' })).toBe(false);
    expect(mayCall(odd, { operation: 'GetObject', name: 'a*bXc$d/x' })).toBe(false);
  });
});

describe('the rights of the cursor store', () => {
  const options = { bucket: 'archive', prefix: 'data', cursorStore: {} };

  it('allow to load, save and list below _cursors in the bucket of the sink', () => {
    for (const operation of ['GetObject', 'PutObject', 'ListObjectsV2'] as const)
      expect(mayCall(options, { operation, name: '_cursors/a.json' })).toBe(true);
  });

  it('are not given without a cursor store', () => {
    for (const operation of ['GetObject', 'PutObject', 'ListObjectsV2'] as const)
      expect(
        mayCall({ ...options, cursorStore: undefined }, { operation, name: '_cursors/a' }),
      ).toBe(false);
  });

  it('allow no uploads in parts, and deleting only when asked for', () => {
    const name = '_cursors/a';
    for (const operation of ['AbortMultipartUpload', 'ListParts', 'DeleteObject'] as const)
      expect(mayCall(options, { operation, name })).toBe(false);
    expect(mayCall({ ...options, allowRemove: true }, { operation: 'DeleteObject', name })).toBe(
      true,
    );
  });

  it('are for its own bucket and prefix when it has them', () => {
    const apart = { ...options, cursorStore: { bucket: 'state', prefix: 'exports/cursors' } };
    const operation = 'PutObject';
    expect(mayCall(apart, { operation, bucket: 'state', name: 'exports/cursors/a' })).toBe(true);
    expect(mayCall(apart, { operation, bucket: 'state', name: 'data/a' })).toBe(false);
    expect(mayCall(apart, { operation, name: 'exports/cursors/a' })).toBe(false);
  });
});

describe('the rights for what is configured', () => {
  const asks = (options: Partial<IamPolicyOptions>, action: string, resource: string): boolean =>
    allows(iamPolicy({ bucket: 'archive', ...options }), { action, resource });

  it.each(['kms:GenerateDataKey', 'kms:Decrypt'])('allow %s with the one key', (action) => {
    const encryption = { type: 'sse-kms', keyArn: KEY_ARN } as const;
    expect(asks({ encryption }, action, KEY_ARN)).toBe(true);
    expect(asks({ encryption }, action, `${KEY_ARN}3`)).toBe(false);
    expect(asks({ encryption: { type: 'sse-s3' } }, action, KEY_ARN)).toBe(false);
    expect(asks({}, action, KEY_ARN)).toBe(false);
  });

  it.each([
    ['s3:PutObjectTagging', { tags: true }],
    ['s3:PutObjectAcl', { acl: true }],
  ])('allow %s only when it is used', (action, options) => {
    expect(asks(options, action, 'arn:aws:s3:::archive/a')).toBe(true);
    expect(asks({}, action, 'arn:aws:s3:::archive/a')).toBe(false);
  });

  it('are named in the partition of the account', () => {
    const policy = iamPolicy({ bucket: 'archive', cursorStore: {}, partition: 'aws-cn' });
    const resources = policy.Statement.flatMap(({ Resource }) => Resource);
    expect(resources.filter((arn) => !arn.startsWith('arn:aws-cn:s3:::archive'))).toEqual([]);
  });
});

describe('the document', () => {
  const everything: IamPolicyOptions = {
    bucket: 'archive',
    prefix: 'data',
    cursorStore: {},
    encryption: { type: 'sse-kms', keyArn: KEY_ARN },
    tags: true,
    acl: true,
    allowRemove: true,
  };

  it('is the same for the same options', () => {
    expect(JSON.stringify(iamPolicy(everything))).toBe(
      JSON.stringify(iamPolicy({ ...everything })),
    );
  });

  it('has no action with a wildcard, none twice in a statement, and a name for each statement', () => {
    const { Statement } = iamPolicy(everything);
    for (const { Action } of Statement) {
      expect(Action.filter((action) => !/^[a-z0-9]+:[A-Za-z]+$/.test(action))).toEqual([]);
      expect(new Set(Action).size).toBe(Action.length);
    }
    const names = Statement.map(({ Sid }) => Sid);
    expect(names.filter((name) => !/^[A-Za-z0-9]+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is what is attached to a role with a prefix and a cursor store', () => {
    expect(iamPolicy({ bucket: 'archive', prefix: 'data', cursorStore: {} })).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'SinkObjects',
          Effect: 'Allow',
          Action: [
            's3:PutObject',
            's3:AbortMultipartUpload',
            's3:ListMultipartUploadParts',
            's3:GetObject',
          ],
          Resource: ['arn:aws:s3:::archive/data/*'],
        },
        {
          Sid: 'SinkList',
          Effect: 'Allow',
          Action: ['s3:ListBucket'],
          Resource: ['arn:aws:s3:::archive'],
          Condition: { StringLike: { 's3:prefix': ['data/*'] } },
        },
        {
          Sid: 'SinkUploads',
          Effect: 'Allow',
          Action: ['s3:ListBucketMultipartUploads'],
          Resource: ['arn:aws:s3:::archive'],
        },
        {
          Sid: 'CursorObjects',
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject'],
          Resource: ['arn:aws:s3:::archive/_cursors/*'],
        },
        {
          Sid: 'CursorList',
          Effect: 'Allow',
          Action: ['s3:ListBucket'],
          Resource: ['arn:aws:s3:::archive'],
          Condition: { StringLike: { 's3:prefix': ['_cursors/*'] } },
        },
      ],
    });
  });
});

describe('iamPolicy', () => {
  it.each([
    'ab',
    'Archive',
    'my_bucket',
    'a..b',
    '-archive',
    'archive-',
    '192.168.0.1',
    'archive/data',
    'arn:aws:s3:::archive',
    'data--euc1-az1--x-s3',
    'a'.repeat(64),
  ])('refuses the bucket %s', (bucket) => {
    expect(() => iamPolicy({ bucket })).toThrow(/`bucket` must be/);
    expect(() => iamPolicy({ bucket: 'archive', cursorStore: { bucket } })).toThrow(
      /`cursorStore\.bucket` must be/,
    );
  });

  it.each(['/data', 'data/', 'a//b', 'a/../b', '.', 'a\nb', 'é'.repeat(61)])(
    'refuses the prefix %j',
    (prefix) => {
      expect(() => iamPolicy({ bucket: 'archive', prefix })).toThrow(/`prefix`/);
      expect(() => iamPolicy({ bucket: 'archive', cursorStore: { prefix } })).toThrow(
        /`cursorStore\.prefix`/,
      );
    },
  );

  it.each([
    'arn:aws:kms:eu-central-1:123456789012:alias/archive',
    'arn:aws:s3:::archive',
    'arn:aws:kms:*:123456789012:key/*',
    '6f1c-42',
    'arn:aws-cn:kms:cn-north-1:123456789012:key/6f1c-42',
  ])('refuses the key %s', (keyArn) => {
    const encryption = { type: 'sse-kms', keyArn } as const;
    expect(() => iamPolicy({ bucket: 'archive', encryption })).toThrow(/`encryption\.keyArn`/);
  });

  it('names every problem at once', () => {
    const options = {
      bucket: 'B',
      prefix: '/',
      encryption: { type: 'none' },
      partition: 'moon',
      allowRemove: 'yes',
      region: 'eu-central-1',
    };
    expect(() => iamPolicy(options as unknown as IamPolicyOptions)).toThrow(
      /partition.*bucket|bucket.*partition/,
    );
    const problems = (): unknown => iamPolicy(options as unknown as IamPolicyOptions);
    for (const name of ['prefix', 'encryption.type', 'allowRemove', 'region'])
      expect(problems).toThrow(name);
  });
});
