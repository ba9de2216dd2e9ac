import { describe, expect, it } from 'vitest';

import type { PreparedObject } from '../../src/interfaces/index.js';
import { bytesOf, throughJson } from '../../src/testing/contracts/sink-kit.js';
import { type ChecksumMatch, sameChecksum } from '../../src/util/object-checksum.js';
import {
  OBJECT,
  openSink,
  operationsOf,
  PART_BYTES,
  prepared,
  type SinkFixture,
  type SinkFixtureOptions,
} from '../support/s3-sinks.js';

const KMS: SinkFixtureOptions = { sink: { encryption: { type: 'sse-kms' } } };

/** Writes an object and makes it visible. */
async function committed(fixture: SinkFixture, content?: Uint8Array): Promise<PreparedObject> {
  const object = await prepared(fixture, content);
  await fixture.sink.commit(throughJson(object));
  fixture.double.clearRequests();
  return object;
}

/** What a process that knows nothing but the prepared object sees of it now. */
async function seenAs(fixture: SinkFixture, object: PreparedObject): Promise<ChecksumMatch> {
  const seen = await fixture.again().head(object.key);
  expect(seen).toMatchObject({ key: object.key, bytes: object.bytes });
  return sameChecksum(object.checksum, seen?.checksum);
}

function namesOf(checksum: string | undefined): readonly string[] {
  return (checksum ?? '').split(' ').map((item) => item.slice(0, item.indexOf(':')));
}

async function namesSeen({ sink }: SinkFixture): Promise<readonly string[]> {
  return namesOf((await sink.head(OBJECT))?.checksum);
}

describe('the checksum of an object', () => {
  it.each([
    ['a bucket', {}, ['crc32-1', 'md5-1', 'upload']],
    ['a sink with Content-MD5', { sink: { checksum: 'md5' } }, ['md5-1', 'upload']],
    ['a service that knows no CRCs', { double: { checksums: 'ignored' } }, ['md5-1', 'upload']],
    ['a key of KMS', KMS, ['crc32-1', 'upload']],
    ['KMS and Content-MD5', { sink: { ...KMS.sink, checksum: 'md5' } }, ['upload']],
  ] as readonly (readonly [string, SinkFixtureOptions, readonly string[]])[])(
    'with %s is told before it is visible, and by a head afterwards',
    async (_name, options, names) => {
      const fixture = await openSink(options);
      const object = await committed(fixture);
      expect(namesOf(object.checksum)).toEqual(names);
      expect(await namesSeen(fixture)).toEqual(names);
      expect(await seenAs(fixture, object)).toBe('same');
    },
  );

  it.each([
    ['no byte', 0, 1],
    ['one part to the last byte', PART_BYTES, 1],
    ['three parts', 2 * PART_BYTES + 1, 3],
  ])('is that of all its parts: %s', async (_name, size, parts) => {
    const fixture = await openSink();
    const object = await committed(fixture, bytesOf(size));
    expect(namesOf(object.checksum)).toEqual([`crc32-${parts}`, `md5-${parts}`, 'upload']);
    expect(await seenAs(fixture, object)).toBe('same');
    expect(object.checksum?.length).toBeLessThanOrEqual(200);
  });

  it('is another for other content of the same size, in whatever form it is told', async () => {
    for (const options of [{}, { double: { checksums: 'ignored' } }, KMS] as const) {
      const fixture = await openSink(options);
      const object = await prepared(fixture, Buffer.from('mine'));
      await committed(fixture, Buffer.from('them'));
      expect(await seenAs(fixture, object)).toBe('different');
    }
  });

  it('is another once somebody has put something in its place', async () => {
    const fixture = await openSink();
    const object = await committed(fixture);
    fixture.bucket.put(OBJECT, 'CONTENT');
    expect(await seenAs(fixture, object)).toBe('different');
  });
});

describe('a head', () => {
  it('is one request', async () => {
    const fixture = await openSink();
    await committed(fixture);
    await fixture.sink.head(OBJECT);
    expect(operationsOf(fixture)).toEqual(['HeadObject']);
  });

  it('asks for no checksum where none was sent: services that want MD5 may refuse that', async () => {
    for (const [checksum, mode] of [
      ['crc32', 'ENABLED'],
      ['md5', undefined],
    ] as const) {
      const fixture = await openSink({ sink: { checksum } });
      await committed(fixture);
      await fixture.sink.head(OBJECT);
      const [request] = fixture.double.requests;
      expect(request?.headers['x-amz-checksum-mode']).toBe(mode);
    }
  });

  it('tells what it can to who may not decrypt', async () => {
    const fixture = await openSink(KMS);
    const object = await committed(fixture);
    fixture.double.deny({ action: 'kms:Decrypt' });
    expect(await namesSeen(fixture)).toEqual(['upload']);
    expect(operationsOf(fixture)).toEqual(['HeadObject', 'HeadObject']);
    expect(await seenAs(fixture, object)).toBe('same');
  });

  it('that is refused altogether is an error', async () => {
    const fixture = await openSink();
    await committed(fixture);
    fixture.double.deny({ action: 's3:GetObject' });
    await expect(fixture.sink.head(OBJECT)).rejects.toMatchObject({ code: 'SINK_UNAUTHORIZED' });
  });

  it('by which a commit looks for its object takes no right to decrypt', async () => {
    const fixture = await openSink(KMS);
    const object = await committed(fixture);
    fixture.double.deny({ action: 'kms:Decrypt' });
    expect(await fixture.sink.commit(object)).toBe('committed');
    expect(operationsOf(fixture)).toEqual(['HeadObject']);
  });
});
