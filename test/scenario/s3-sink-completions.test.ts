import { S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import type { CommitOutcome, PreparedObject, Sink } from '../../src/interfaces/index.js';
import { bytesOf, throughJson } from '../../src/testing/contracts/sink-kit.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  contentOf,
  fail,
  failAlways,
  OBJECT,
  openSink,
  operationsOf,
  PART_BYTES,
  prepared,
  requestEvents,
  type SinkFixture,
  wireEvents,
} from '../support/s3-sinks.js';

const COMPLETE = 'CompleteMultipartUpload';

const retries = ({ events }: SinkFixture): number =>
  events.filter((event) => event.type === 'retry').length;

async function commit(fixture: SinkFixture, object: PreparedObject): Promise<CommitOutcome> {
  fixture.double.clearRequests();
  fixture.events.length = 0;
  const outcome = await fixture.sink.commit(throughJson(object), { observer: fixture.observer });
  const told = requestEvents(fixture.events).map(({ operation }) => operation);
  expect([...told].sort()).toEqual(wireEvents(fixture.double.requests));
  return outcome;
}

/** The object is visible, whole, once, and nothing is left of its upload. */
async function expectCommitted(
  { bucket, double, sink }: SinkFixture,
  content: string | Buffer = 'content',
): Promise<void> {
  double.intercept = null;
  expect((await contentOf(sink, OBJECT))?.equals(Buffer.from(content))).toBe(true);
  expect([...bucket.objects().keys()]).toEqual([OBJECT]);
  expect(bucket.objects().get(OBJECT)?.versions).toBe(1);
  expect(bucket.uploads()).toEqual([]);
}

describe('a completion', () => {
  it('is three requests when nothing goes wrong, and one when it was done before', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    expect(await commit(fixture, object)).toBe('committed');
    expect(operationsOf(fixture)).toEqual(['HeadObject', COMPLETE, 'HeadObject']);
    expect(await commit(fixture, object)).toBe('committed');
    expect(operationsOf(fixture)).toEqual(['HeadObject']);
    expect(retries(fixture)).toBe(0);
    await expectCommitted(fixture);
  });

  it('carries no precondition', async () => {
    const fixture = await openSink();
    await commit(fixture, await prepared(fixture));
    const completion = fixture.double.requests.find(({ operation }) => operation === COMPLETE);
    expect(Object.keys(completion?.headers ?? {})).not.toContain('if-none-match');
    expect(Object.keys(completion?.headers ?? {})).not.toContain('if-match');
  });

  it('whose answer is lost is seen by looking, without a second one', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fail(fixture, COMPLETE, { kind: 'reset-after' });
    expect(await commit(fixture, object)).toBe('committed');
    expect(operationsOf(fixture)).toEqual(['HeadObject', COMPLETE, 'HeadObject']);
    expect(retries(fixture)).toBe(0);
    await expectCommitted(fixture);
  });

  it.each([
    { kind: 'error', status: 503, code: 'SlowDown' },
    { kind: 'error', status: 500, code: 'InternalError' },
    { kind: 'error-in-200', code: 'InternalError' },
    { kind: 'reset-before' },
    { kind: 'reset-mid' },
    { kind: 'lie' },
  ] as const)('that did nothing ($kind) is sent again after a wait', async (fault) => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fail(fixture, COMPLETE, fault);
    expect(await commit(fixture, object)).toBe('committed');
    const settle = ['HeadObject', 'ListParts'];
    expect(operationsOf(fixture)).toEqual([
      'HeadObject',
      COMPLETE,
      ...settle,
      COMPLETE,
      'HeadObject',
    ]);
    expect(retries(fixture)).toBe(1);
    await expectCommitted(fixture);
  });

  it('that is never done ends with its own error, and can be tried again later', async () => {
    const fixture = await openSink({ sink: { maxAttempts: 3 } });
    const object = await prepared(fixture);
    for (const fault of [
      { kind: 'error', status: 503, code: 'SlowDown' },
      { kind: 'error-in-200', code: 'InternalError' },
      { kind: 'lie' },
    ] as const) {
      failAlways(fixture, COMPLETE, fault);
      await expect(commit(fixture, object)).rejects.toMatchObject({
        name: 'SinkError',
        code: fault.kind === 'lie' ? 'SINK_PROTOCOL' : 'SINK_UNAVAILABLE',
        details: { operation: COMPLETE },
      });
      expect(operationsOf(fixture).filter((each) => each === COMPLETE)).toHaveLength(3);
    }
    fixture.double.intercept = null;
    expect(await commit(fixture, object)).toBe('committed');
    await expectCommitted(fixture);
  });

  it('that lands late is seen once it has landed, whatever was done before', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fail(fixture, COMPLETE, { kind: 'late' });
    expect(await commit(fixture, object)).toBe('committed');
    await fixture.double.settleLate();
    expect(await commit(fixture, object)).toBe('committed');
    await expectCommitted(fixture);
  });

  it('that hides its upload is unresolved until the object appears', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fail(fixture, COMPLETE, { kind: 'hide-upload', requests: Infinity });
    expect(await commit(fixture, object)).toBe('unresolved');
    expect(await commit(fixture, object)).toBe('unresolved');
    await fixture.double.settleLate();
    expect(await commit(fixture, object)).toBe('committed');
    await expectCommitted(fixture);
  });

  it.each([1, 2, 3])(
    'that hides its upload for %i requests is committed or asked again',
    async (requests) => {
      const fixture = await openSink();
      const object = await prepared(fixture);
      fail(fixture, COMPLETE, { kind: 'hide-upload', requests });
      const outcomes = [await commit(fixture, object), await commit(fixture, object)];
      expect(outcomes.at(-1)).toBe('committed');
      await expectCommitted(fixture);
    },
  );

  it('that destroys its upload is unresolved, and nothing appears', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fail(fixture, COMPLETE, { kind: 'destroy-upload' });
    expect(await commit(fixture, object)).toBe('unresolved');
    expect(fixture.bucket.objects().size).toBe(0);
  });
});

describe('an object at the key that is not ours', () => {
  it('is refused and stays, even with the size of ours', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fixture.bucket.put(OBJECT, 'CONTENT');
    await expect(commit(fixture, object)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    expect(fixture.bucket.objects().get(OBJECT)?.bytes().toString()).toBe('CONTENT');
    expect(operationsOf(fixture)).toEqual(['HeadObject']);
  });

  it('is refused when it comes while a completion fails', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    fixture.double.intercept = ({ operation }) => {
      if (operation !== COMPLETE) return null;
      fixture.bucket.put(OBJECT, 'CONTENT');
      return { kind: 'error', status: 500, code: 'InternalError' };
    };
    await expect(commit(fixture, object)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    expect(fixture.bucket.uploads()).toHaveLength(1);
  });
});

/** Sends a part into an upload behind the sink's back. */
async function overwritePart(
  { double, bucket }: SinkFixture,
  Body: Buffer,
  PartNumber = 1,
): Promise<void> {
  const client = new S3Client(clientConfigOf({ ...double, endpoint: double.url }));
  const { key: Key, uploadId: UploadId } = bucket.uploads()[0] ?? { key: '', uploadId: '' };
  await client.send(
    new UploadPartCommand({
      Bucket: bucket.name,
      Key,
      UploadId,
      PartNumber,
      Body,
      ChecksumAlgorithm: 'CRC32',
    }),
  );
  client.destroy();
}

describe('parts that changed since they were prepared', () => {
  const KMS = { encryption: { type: 'sse-kms', keyId: 'archive-key' } } as const;

  it.each([1, 6])('the same bytes under another ETag are taken, with %i attempts', async (most) => {
    const fixture = await openSink({ sink: { ...KMS, maxAttempts: most } });
    fixture.double.addKmsKey('archive-key');
    const object = await prepared(fixture);
    await overwritePart(fixture, Buffer.from('content'));
    expect(await commit(fixture, object)).toBe('committed');
    expect(operationsOf(fixture)).toEqual([
      'HeadObject',
      COMPLETE,
      'HeadObject',
      'ListParts',
      COMPLETE,
      'HeadObject',
    ]);
    await expectCommitted(fixture);
  });

  it('a part whose answer was lost and that landed last has another ETag, and is taken', async () => {
    const fixture = await openSink({ sink: KMS });
    fixture.double.addKmsKey('archive-key');
    fail(fixture, 'UploadPart', { kind: 'late' });
    const object = await prepared(fixture);
    await fixture.double.settleLate();
    fixture.double.intercept = null;
    expect(await commit(fixture, object)).toBe('committed');
    expect(operationsOf(fixture)).toContain('ListParts');
    await expectCommitted(fixture);
  });

  it.each([
    ['other bytes of the same size', Buffer.from('CONTENT')],
    ['another size', Buffer.from('contents')],
  ])('%s are refused, and nothing becomes visible', async (_name, body) => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    await overwritePart(fixture, body);
    for (let round = 0; round < 2; round += 1)
      await expect(commit(fixture, object)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    expect(fixture.bucket.objects().size).toBe(0);
    expect(fixture.bucket.uploads()).toHaveLength(1);
  });

  it('a part more than was prepared is left out', async () => {
    const fixture = await openSink();
    const object = await prepared(fixture);
    await overwritePart(fixture, Buffer.from('more'), 2);
    expect(await commit(fixture, object)).toBe('committed');
    await expectCommitted(fixture);
  });
});

describe('a service that hides what is missing', () => {
  it('commits what is there to be committed', async () => {
    const fixture = await openSink({ double: { hideMissing: true } });
    const object = await prepared(fixture);
    expect(await commit(fixture, object)).toBe('committed');
    await expectCommitted(fixture);
  });

  it('never takes "access denied" for "gone": the commit is refused, with the action', async () => {
    const fixture = await openSink({ double: { hideMissing: true } });
    const object = await prepared(fixture);
    fixture.bucket.abortUploads();
    await expect(commit(fixture, object)).rejects.toMatchObject({
      code: 'SINK_UNAUTHORIZED',
      remedy: expect.stringContaining('s3:ListBucket') as string,
    });
  });
});

describe('an object of more parts than a token names', () => {
  const PARTS = 18;

  async function large(fixture: SinkFixture): Promise<{ object: PreparedObject; content: Buffer }> {
    const content = Buffer.from(bytesOf((PARTS - 1) * PART_BYTES + 11));
    return { object: await prepared(fixture, content), content };
  }

  async function commitInPages(fixture: SinkFixture, sink: Sink): Promise<void> {
    const { object, content } = await large(fixture);
    expect(JSON.stringify(object.token).length).toBeLessThanOrEqual(2_048);
    expect(JSON.stringify(object.token)).not.toContain(fixture.bucket.uploads()[0]?.parts[0]?.etag);
    fail(fixture, 'ListParts', { kind: 'reset-before' });
    expect(await sink.commit(throughJson(object))).toBe('committed');
    await expectCommitted(fixture, content);
  }

  it('is completed from the list of its parts, page by page', async () => {
    const fixture = await openSink();
    const { double } = fixture;
    const client = new S3Client(clientConfigOf({ ...double, endpoint: double.url }));
    // A service that lists four parts at a time.
    client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          const page = commandName === 'ListPartsCommand' ? { MaxParts: 4 } : {};
          return next({ ...args, input: { ...args.input, ...page } });
        },
      { step: 'initialize' },
    );
    await commitInPages(fixture, fixture.again({ client, clientConfig: undefined }));
    const pages = double.requests.filter(({ operation }) => operation === 'ListParts');
    expect(pages.map(({ query }) => query['part-number-marker'] ?? '')).toEqual(
      ['', '', '4', '8', '12', '16'], // the first one was reset
    );
    client.destroy();
  });

  it('is completed from ETags where the service keeps no CRCs', async () => {
    const fixture = await openSink({ sink: { checksum: 'md5' } });
    await commitInPages(fixture, fixture.again());
  });

  it('is refused when one of them has changed, and unresolved when they are gone', async () => {
    const fixture = await openSink();
    const { object, content } = await large(fixture);
    await overwritePart(fixture, content.subarray(1, PART_BYTES + 1), 7);
    await expect(commit(fixture, object)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    fixture.bucket.abortUploads();
    expect(await commit(fixture, object)).toBe('unresolved');
  });
});
