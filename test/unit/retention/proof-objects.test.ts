import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { SinkError } from '../../../src/errors/index.js';
import type { ManifestObject } from '../../../src/exporter/manifest.js';
import type { ExportEvent, ObjectInfo, Sink } from '../../../src/interfaces/index.js';
import type { ProofSettings } from '../../../src/retention/proof/proof.js';
import { manualClock } from '../../../src/testing/adapters/manual-clock.js';
import { memorySink, type MemorySink } from '../../../src/testing/adapters/memory-sink.js';
import { override } from '../../support/override.js';
import { proofOver, refusal, rowsOf, verdicts, watched } from '../../support/proof-fixture.js';
import { writeCommit } from '../../support/written-commits.js';

const MINUTE_MS = 60_000;
const ROWS = rowsOf(1, 2, 3);

/** One commit of one object of three rows; `change` says of it what differs in the manifest. */
function oneObject(change: Partial<ManifestObject> = {}): {
  readonly sink: MemorySink;
  readonly key: string;
} {
  const commit = { sequence: 1, previous: null, objects: [ROWS] };
  const [object] = writeCommit(memorySink(), commit).manifest.objects;
  const sink = memorySink();
  writeCommit(sink, { ...commit, manifest: { objects: [{ ...object!, ...change }] } });
  return { sink, key: object!.key };
}

/** The object with other content, which the manifest vouches for. */
function objectOf(content: Buffer, change: Partial<ManifestObject>): MemorySink {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const { sink, key } = oneObject({ bytes: content.length, sha256, ...change });
  sink.objects.set(key, content);
  return sink;
}

/** A sink that tells nothing but sizes. */
function withoutChecksums(sink: MemorySink): Sink {
  return override<Sink>(sink, {
    head: async (key, options): Promise<ObjectInfo | null> => {
      const info = await sink.head(key, options);
      return info === null ? null : { key, bytes: info.bytes };
    },
  });
}

async function checkedBy(sink: Sink, members: Partial<ProofSettings> = {}): Promise<string> {
  const proof = await proofOver(sink, members);
  const [row] = await proof.prove([{ objectId: 'p-1', id: 'row-1', version: '0001' }], {});
  return row?.state === 'proven' ? row.archive.checkedBy : (row?.why ?? '');
}

/** Other bytes, as many. */
function altered(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x20;
  return copy;
}

async function checksumOf({ sink, key }: ReturnType<typeof oneObject>): Promise<string> {
  return (await sink.head(key))?.checksum ?? '';
}

describe('an object that holds rows', () => {
  it('no longer proves them when it is gone, and says so once', async () => {
    const { sink, key } = oneObject();
    sink.objects.delete(key);
    const proof = await proofOver(sink);
    const events: ExportEvent[] = [];
    expect(await verdicts(proof, ROWS, events)).toEqual(Array(3).fill('object-missing'));
    expect(await verdicts(proof, ROWS, events)).toEqual(Array(3).fill('object-missing'));
    const why = 'object-missing';
    expect(events).toEqual([{ type: 'proof-retire', policyId: 'policy', objectKey: key, why }]);
  });

  it.each([-1, 1])('no longer proves them when its size differs by %i', async (by) => {
    const { sink, key } = oneObject();
    const content = Buffer.from(sink.objects.get(key) ?? []);
    sink.objects.set(
      key,
      Buffer.concat([content, Buffer.from('x')]).subarray(0, content.length + by),
    );
    const events: ExportEvent[] = [];
    const proof = await proofOver(withoutChecksums(sink));
    expect(await verdicts(proof, rowsOf(2), events)).toEqual(['object-changed']);
    expect(events).toMatchObject([{ type: 'proof-retire', objectKey: key, why: 'object-changed' }]);
  });

  it('stays retired for the opening, also when it comes back', async () => {
    const { sink, key } = oneObject();
    const content = sink.objects.get(key) ?? Buffer.alloc(0);
    sink.objects.delete(key);
    const runtime = manualClock();
    const proof = await proofOver(sink, { runtime });
    expect(await verdicts(proof, rowsOf(1))).toEqual(['object-missing']);
    sink.objects.set(key, content);
    await runtime.advance(60 * MINUTE_MS);
    expect(await verdicts(proof, rowsOf(1))).toEqual(['object-missing']);
    expect(await verdicts(await proofOver(sink), rowsOf(1))).toEqual(['proven']);
  });

  it('tells by what it is held to be the one that was written', async () => {
    const written = oneObject();
    const checksum = await checksumOf(written);
    expect(await checkedBy(written.sink)).toBe('size');
    expect(await checkedBy(oneObject({ checksum }).sink)).toBe('checksum');
    expect(await checkedBy(withoutChecksums(oneObject({ checksum }).sink))).toBe('size');
    expect(await checkedBy(oneObject({ checksum: 'crc32:AAAA-1' }).sink)).toBe('size');
    expect(await checkedBy(oneObject({ checksum }).sink, { verify: 'read' })).toBe('content');
  });

  it('with other bytes of the same size is known by a checksum or by reading, by its size it is not', async () => {
    const checksum = await checksumOf(oneObject());
    const changed = (): MemorySink => {
      const { sink, key } = oneObject({ checksum });
      sink.objects.set(key, altered(sink.objects.get(key) ?? Buffer.alloc(0), 3));
      return sink;
    };
    expect(await checkedBy(changed())).toBe('object-changed');
    expect(await checkedBy(withoutChecksums(changed()), { verify: 'read' })).toBe('object-changed');
    expect(await checkedBy(withoutChecksums(changed()))).toBe('size');
  });

  it('is tried where another one that held the row is gone', async () => {
    for (const gone of [0, 1, 2]) {
      const sink = memorySink();
      const first = writeCommit(sink, { sequence: 1, previous: null, objects: [ROWS, rowsOf(1)] });
      writeCommit(sink, { generation: 2, sequence: 2, previous: null, objects: [rowsOf(1, 3)] });
      const keys = [...first.manifest.objects.map(({ key }) => key), 'rows/spans.2.2.0.jsonl'];
      for (const key of keys) if (key !== keys[gone]) sink.objects.delete(key);
      const expected = gone === 1 ? ['proven', 'object-missing'] : ['proven'];
      const verdict = await verdicts(await proofOver(sink), rowsOf(1, 2));
      expect(verdict.slice(0, expected.length)).toEqual(expected);
    }
  });

  it('that is another one says more than one that is gone, and than dead letters', async () => {
    const sink = memorySink();
    const first = writeCommit(sink, { sequence: 1, previous: null, objects: [ROWS] });
    writeCommit(sink, {
      generation: 2,
      sequence: 2,
      previous: null,
      objects: [rowsOf(1, 3)],
      rejected: rowsOf(1, 2),
    });
    sink.objects.set(first.manifest.objects[0]!.key, Buffer.from('short'));
    sink.objects.delete('rows/spans.2.2.0.jsonl');
    const proof = await proofOver(sink);
    expect(await verdicts(proof, ROWS)).toEqual(Array(3).fill('object-changed'));
  });
});

describe('heads', () => {
  it('are asked for once in ten minutes, and when the clock went back', async () => {
    const { sink, key } = oneObject();
    const { sink: watching, heads } = watched(sink);
    let nowMs = Date.UTC(2026, 0, 1);
    const runtime = override(manualClock(), { now: () => new Date(nowMs) });
    const proof = await proofOver(watching, { runtime });
    const asked = async (atMs: number): Promise<number> => {
      nowMs = Date.UTC(2026, 0, 1) + atMs;
      expect(await verdicts(proof, ROWS)).toEqual(Array(3).fill('proven'));
      return heads.length;
    };
    expect(await asked(0)).toBe(1);
    expect(await asked(0)).toBe(1);
    expect(await asked(10 * MINUTE_MS - 1)).toBe(1);
    expect(await asked(10 * MINUTE_MS)).toBe(2);
    expect(await asked(20 * MINUTE_MS - 1)).toBe(2);
    expect(await asked(10 * MINUTE_MS - 1)).toBe(3);
    expect(heads).toEqual([key, key, key]);
  });

  it('find an object that went away between two of them', async () => {
    const { sink, key } = oneObject();
    const runtime = manualClock();
    const proof = await proofOver(sink, { runtime });
    expect(await verdicts(proof, rowsOf(1))).toEqual(['proven']);
    sink.objects.delete(key);
    await runtime.advance(10 * MINUTE_MS);
    expect(await verdicts(proof, rowsOf(1))).toEqual(['object-missing']);
  });

  it('that are refused or not answered are thrown, never taken for a missing object', async () => {
    for (const code of ['SINK_UNAUTHORIZED', 'SINK_UNAVAILABLE'] as const) {
      const { sink } = oneObject();
      let isDown = true;
      const failing = override<Sink>(sink, {
        head: async (key, options) => {
          if (isDown) throw new SinkError(code, 'No.', { remedy: 'Wait.' });
          return await sink.head(key, options);
        },
      });
      const proof = await proofOver(failing);
      const events: ExportEvent[] = [];
      await refusal(verdicts(proof, rowsOf(1), events), code);
      expect(events).toEqual([]);
      isDown = false;
      expect(await verdicts(proof, rowsOf(1))).toEqual(['proven']);
    }
  });

  it('are a few at a time', async () => {
    const sink = memorySink();
    const versions = Array.from({ length: 20 }, (_, place) => place + 1);
    writeCommit(sink, { sequence: 1, previous: null, objects: versions.map((v) => rowsOf(v)) });
    let underWay = 0;
    let most = 0;
    const counting = override<Sink>(sink, {
      head: async (key, options) => {
        most = Math.max(most, (underWay += 1));
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return await sink.head(key, options);
      },
    });
    const proof = await proofOver(counting);
    expect(await verdicts(proof, rowsOf(...versions))).toEqual(versions.map(() => 'proven'));
    expect(most).toBe(4);
  });
});

describe("verify: 'read'", () => {
  const lines = (count: number): Buffer => Buffer.from('{"a":1}\n'.repeat(count));
  const read = (sink: Sink): Promise<string> => checkedBy(sink, { verify: 'read' });

  it('reads an object once per opening, and asks for its head all the same', async () => {
    const { sink, key } = oneObject();
    const { sink: watching, gets, heads } = watched(sink);
    const runtime = manualClock();
    const proof = await proofOver(watching, { runtime, verify: 'read' });
    for (let time = 0; time < 3; time += 1) {
      expect(await verdicts(proof, ROWS)).toEqual(Array(3).fill('proven'));
      await runtime.advance(10 * MINUTE_MS);
    }
    expect(gets.filter((got) => got === key)).toHaveLength(1);
    expect(heads).toHaveLength(3);
  });

  it.each([0, 1, 20, 47])('knows a change of byte %i', async (at) => {
    const { sink, key } = oneObject();
    sink.objects.set(key, altered(sink.objects.get(key) ?? Buffer.alloc(0), at));
    expect(await read(sink)).toBe('object-changed');
  });

  it('takes an object that goes away between head and get for missing', async () => {
    const { sink, key } = oneObject();
    const going = override<Sink>(sink, {
      get: async (wanted, options) => (wanted === key ? null : await sink.get(wanted, options)),
    });
    expect(await read(going)).toBe('object-missing');
  });

  it('stops at an object that has no end', async () => {
    const { sink, key } = oneObject();
    let pieces = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; ; pieces += 1) yield Buffer.alloc(1024, 0x61);
    }
    const lying = override<Sink>(sink, {
      get: async (wanted, options) =>
        wanted === key ? endless() : await sink.get(wanted, options),
    });
    expect(await read(lying)).toBe('object-changed');
    expect(pieces).toBeLessThan(3);
  });

  it('throws what keeps it from reading', async () => {
    const { sink, key } = oneObject();
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{');
      throw new SinkError('SINK_UNAVAILABLE', 'Cut.', { remedy: 'Again.', retryable: true });
    }
    const failing = override<Sink>(sink, {
      get: async (wanted, options) => (wanted === key ? cut() : await sink.get(wanted, options)),
    });
    await refusal(read(failing), 'SINK_UNAVAILABLE');
  });

  it.each([2, 4])('refuses lines that are %i where the manifest says 3', async (count) => {
    expect(await refusal(read(objectOf(lines(count), {})), 'OBJECT_CORRUPT')).toContain(`${count}`);
    const zipped = objectOf(gzipSync(lines(count)), { compression: 'gzip' });
    await refusal(read(zipped), 'OBJECT_CORRUPT');
  });

  it('counts lines in gzip, of one member or several', async () => {
    const one = objectOf(gzipSync(lines(3)), { compression: 'gzip' });
    expect(await read(one)).toBe('content');
    const members = Buffer.concat([gzipSync(lines(1)), gzipSync(lines(2))]);
    expect(await read(objectOf(members, { compression: 'gzip' }))).toBe('content');
  });

  it.each<[string, Buffer]>([
    ['is none', lines(3)],
    ['is cut off', gzipSync(lines(3)).subarray(0, -3)],
    ['has a wrong sum', altered(gzipSync(lines(3)), gzipSync(lines(3)).length - 6)],
    ['is empty', Buffer.alloc(0)],
  ])('refuses gzip that %s, even when its checksum is right', async (_case, content) => {
    const message = await refusal(
      read(objectOf(content, { compression: 'gzip' })),
      'OBJECT_CORRUPT',
    );
    expect(message).toMatch(/unreadable|0 and not 3/);
  });

  it('comes to an end with gzip that ends long before the object does', async () => {
    const garbage = Buffer.concat([gzipSync(lines(3)), Buffer.alloc(1024 * 1024, 0x61)]);
    const { sink, key } = oneObject({ bytes: garbage.length, compression: 'gzip' });
    sink.objects.set(key, garbage);
    expect(await read(sink)).toBe('object-changed');
  });

  it.each([
    ['parquet', 'none'],
    ['jsonl', 'zstd'],
    ['json', 'none'],
  ])('does not count %s with compression %s', async (format, compression) => {
    expect(await read(objectOf(lines(9), { format, compression }))).toBe('content');
  });

  it('obeys an abort while it reads', async () => {
    const { sink, key } = oneObject();
    const controller = new AbortController();
    const reason = new Error('enough');
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{');
      controller.abort(reason);
      yield Buffer.from('}');
    }
    const aborting = override<Sink>(sink, {
      get: async (wanted, options) => (wanted === key ? slow() : await sink.get(wanted, options)),
    });
    const proof = await proofOver(aborting, { verify: 'read' });
    const rows = [{ objectId: 'p-1', id: 'row-1', version: '0001' }];
    await expect(proof.prove(rows, { signal: controller.signal })).rejects.toBe(reason);
  });
});
