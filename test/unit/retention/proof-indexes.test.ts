import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { Manifest } from '../../../src/exporter/manifest.js';
import { DIGEST_BYTES, indexHeader, type IndexGroup } from '../../../src/exporter/row-index.js';
import type { Sink } from '../../../src/interfaces/index.js';
import { memorySink, type MemorySink } from '../../../src/testing/adapters/memory-sink.js';
import { override } from '../../support/override.js';
import { proofOver, refusal, rowsOf, verdicts, watched } from '../../support/proof-fixture.js';
import { writeCommit } from '../../support/written-commits.js';

interface Written {
  readonly sink: MemorySink;
  readonly manifestKey: string;
  readonly manifest: Manifest;
}

/** One commit of two objects and dead letters: rows 1 to 3, row 4, rows 5 and 6. */
function oneCommit(members: Partial<Manifest> = {}): Written {
  const sink = memorySink();
  const objects = [rowsOf(1, 2, 3), rowsOf(4)];
  const rejected = rowsOf(5, 6);
  const commit = { sequence: 1, previous: null, objects, rejected, manifest: members };
  return { sink, ...writeCommit(sink, commit) };
}

function indexOf({ sink, manifest }: Written): Buffer {
  return Buffer.from(sink.objects.get(manifest.rowIndex.key) ?? []);
}

/** Puts another index in the place of the commit's, and has the manifest vouch for it. */
function replaceIndex(written: Written, index: Buffer): Written {
  const { sink, manifestKey, manifest } = written;
  const sha256 = createHash('sha256').update(index).digest('hex');
  const rowIndex = { ...manifest.rowIndex, bytes: index.length, sha256 };
  sink.objects.set(manifest.rowIndex.key, index);
  sink.objects.set(manifestKey, Buffer.from(JSON.stringify({ ...manifest, rowIndex })));
  return { ...written, manifest: { ...manifest, rowIndex } };
}

/** The index with other groups and other digests. */
function rewrite(
  written: Written,
  groups: (groups: IndexGroup[]) => readonly IndexGroup[],
  digests: (digests: Buffer[]) => readonly Buffer[] = (all) => all,
): Written {
  const index = indexOf(written);
  const end = index.indexOf(10);
  const header = JSON.parse(index.subarray(0, end).toString()) as { groups: IndexGroup[] };
  const parts: Buffer[] = [];
  for (let at = end + 1; at < index.length; at += DIGEST_BYTES)
    parts.push(index.subarray(at, at + DIGEST_BYTES));
  return replaceIndex(
    written,
    Buffer.concat([indexHeader(groups(header.groups)), ...digests(parts)]),
  );
}

/** An index digest by digest, after its first line. */
async function* pieces(index: Buffer): AsyncGenerator<Uint8Array> {
  const end = index.indexOf(10) + 1;
  yield index.subarray(0, end);
  for (let at = end; at < index.length; at += DIGEST_BYTES)
    yield index.subarray(at, at + DIGEST_BYTES);
}

async function refusedIndex({ sink, manifest }: Written): Promise<string> {
  const proof = await proofOver(sink);
  const message = await refusal(verdicts(proof, rowsOf(1)), 'OBJECT_CORRUPT');
  expect(message).toContain(manifest.rowIndex.key);
  return message;
}

function swapped<T>(items: readonly T[], one: number, other: number): T[] {
  const copy = [...items];
  [copy[one], copy[other]] = [items[other] as T, items[one] as T];
  return copy;
}

describe('a row index', () => {
  it('is noticed with any one of its bytes changed', async () => {
    const written = oneCommit();
    const index = indexOf(written);
    expect(index.length).toBeGreaterThan(300);
    for (let at = 0; at < index.length; at += 1) {
      const changed = Buffer.from(index);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      written.sink.objects.set(written.manifest.rowIndex.key, changed);
      const proof = await proofOver(written.sink);
      await refusal(verdicts(proof, rowsOf(1, 2, 3, 4)), 'OBJECT_CORRUPT');
    }
  });

  it('is noticed cut off at any place', async () => {
    const written = oneCommit();
    const index = indexOf(written);
    for (let length = 0; length < index.length; length += 1) {
      written.sink.objects.set(written.manifest.rowIndex.key, index.subarray(0, length));
      await refusedIndex(written);
    }
  });

  it('is noticed with something behind it', async () => {
    const written = oneCommit();
    const longer = Buffer.concat([indexOf(written), Buffer.alloc(DIGEST_BYTES)]);
    written.sink.objects.set(written.manifest.rowIndex.key, longer);
    await refusedIndex(written);
  });

  it('that is not there is no reason to call rows unexported', async () => {
    const { sink, manifest } = oneCommit();
    sink.objects.delete(manifest.rowIndex.key);
    const proof = await proofOver(sink);
    const message = await refusal(verdicts(proof, rowsOf(1)), 'MANIFEST_MISSING');
    expect(message).toContain(manifest.rowIndex.key);
  });

  it('is not taken with digests out of order, even when its checksum is right', async () => {
    const same = rewrite(oneCommit(), (groups) => groups);
    expect(await verdicts(await proofOver(same.sink), rowsOf(1, 4))).toEqual(['proven', 'proven']);
    const flipped = [
      [0, 1],
      [1, 2],
      [4, 5],
    ] as const;
    for (const [one, other] of flipped) {
      const written = rewrite(
        oneCommit(),
        (groups) => groups,
        (digests) => swapped(digests, one, other),
      );
      expect(await refusedIndex(written)).toContain('order');
    }
  });

  it('is not taken out of order where one piece of its stream ends', async () => {
    const right = oneCommit();
    const wrong = rewrite(
      oneCommit(),
      (groups) => groups,
      (digests) => swapped(digests, 1, 2),
    );
    const inPieces = (written: Written): Sink =>
      override<Sink>(written.sink, {
        get: async (key, options) =>
          key === written.manifest.rowIndex.key
            ? pieces(indexOf(written))
            : await written.sink.get(key, options),
      });
    expect(await verdicts(await proofOver(inPieces(right)), rowsOf(1))).toEqual(['proven']);
    const refused = verdicts(await proofOver(inPieces(wrong)), rowsOf(1));
    expect(await refusal(refused, 'OBJECT_CORRUPT')).toContain('order');
  });

  it('may name a row twice in a group', async () => {
    const sink = memorySink();
    const [row] = rowsOf(1);
    writeCommit(sink, { sequence: 1, previous: null, objects: [[row!, row!, ...rowsOf(2)]] });
    expect(await verdicts(await proofOver(sink), rowsOf(1, 2))).toEqual(['proven', 'proven']);
  });

  it.each<[string, (groups: IndexGroup[]) => readonly IndexGroup[]]>([
    ['lacks a group', (groups) => groups.slice(1)],
    ['has a group too many', (groups) => [...groups, groups[0]!]],
    ['names another object', ([first, ...rest]) => [{ ...first!, object: 'other' }, ...rest]],
    ['has the groups of two objects swapped', (groups) => swapped(groups, 0, 1)],
    ['calls an object rejected', ([first, ...rest]) => [{ ...first!, rejected: true }, ...rest]],
    ['calls dead letters an object', ([a, b, c]) => [a!, b!, { ...c!, rejected: false }]],
    ['names other dead letters', ([a, b, c]) => [a!, b!, { ...c!, object: 'other' }]],
    ['moves rows between groups', ([a, b, c]) => [{ ...a!, rows: 2 }, { ...b!, rows: 2 }, c!]],
    ['moves rows to the dead letters', ([a, b, c]) => [a!, { ...b!, rows: 0 }, { ...c!, rows: 3 }]],
    ['has a negative count', ([a, b, c]) => [{ ...a!, rows: -1 }, { ...b!, rows: 5 }, c!]],
    ['has a count that is no number', ([a, b, c]) => [{ ...a!, rows: 'x' as never }, b!, c!]],
  ])('is not taken when it %s, even when its checksum is right', async (_case, groups) => {
    await refusedIndex(rewrite(oneCommit(), groups));
  });

  it('is not taken when manifest and index count other rows than are in the object', async () => {
    const written = oneCommit();
    const [first, second] = written.manifest.objects;
    const objects = [{ ...first!, rows: 4 }, second!];
    await refusedIndex(oneCommit({ objects }));
    const sink = oneCommit({ objects, transformed: true }).sink;
    const proof = await proofOver(sink, { allowTransformed: true });
    expect(await verdicts(proof, rowsOf(1))).toEqual(['proven']);
  });

  it('is not taken without the dead letters of its manifest', async () => {
    const { manifest } = oneCommit();
    const rowIndex = { ...manifest.rowIndex, rows: 4 };
    const written = rewrite(
      oneCommit({ rowIndex }),
      (groups) => groups.slice(0, 2),
      (digests) => digests.slice(0, 4),
    );
    await refusedIndex(written);
  });

  it('is not taken with another number of dead letters than its manifest has', async () => {
    const { manifest } = oneCommit();
    await refusedIndex(oneCommit({ rejected: { ...manifest.rejected!, rows: 3 } }));
  });

  it('is not taken with groups that make up for each other', async () => {
    const written = rewrite(oneCommit({ transformed: true }), ([first, second, rejected]) => [
      { ...first!, rows: 5 },
      { ...second!, rows: -1 },
      rejected!,
    ]);
    const proof = await proofOver(written.sink, { allowTransformed: true });
    expect(await refusal(verdicts(proof, rowsOf(1)), 'OBJECT_CORRUPT')).toContain('group 2');
  });

  it('is not taken when it and its manifest agree on rows that it has no room for', async () => {
    const rows = 1e13;
    const { manifest } = oneCommit();
    const [first, second] = manifest.objects;
    const rowIndex = { ...manifest.rowIndex, rows: rows + 3 };
    const objects = [{ ...first!, rows }, second!];
    const written = rewrite(oneCommit({ objects, rowIndex }), ([group, ...rest]) => [
      { ...group!, rows },
      ...rest,
    ]);
    await refusedIndex(written);
  });

  it.each([-1, 1])('is not taken when the manifest counts %i rows more', async (more) => {
    const { manifest } = oneCommit();
    const rowIndex = { ...manifest.rowIndex, rows: manifest.rowIndex.rows + more };
    await refusedIndex(oneCommit({ rowIndex }));
  });

  it('is given up by a sink that sends without an end', async () => {
    const { sink, manifest } = oneCommit();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield indexOf({ sink, manifest, manifestKey: '' });
      for (;;) yield Buffer.alloc(64 * 1024, 0xff);
    }
    const lying = override<Sink>(sink, {
      get: async (key, options) =>
        key === manifest.rowIndex.key ? endless() : await sink.get(key, options),
    });
    await refusal(verdicts(await proofOver(lying), rowsOf(1)), 'OBJECT_CORRUPT');
  });

  it.each<[string, (written: Written) => Written]>([
    ['was taken', (written) => written],
    ['has no header', (written) => replaceIndex(written, Buffer.alloc(200_000, 0x61))],
    ['does not fit', (written) => rewrite(written, (groups) => groups.slice(1))],
  ])('lets go of its stream when it %s', async (_case, change) => {
    const written = change(oneCommit());
    let open = 0;
    const counting = override<Sink>(written.sink, {
      get: async (key, options) => {
        const stream = await written.sink.get(key, options);
        if (stream === null) return null;
        open += 1;
        return (async function* () {
          try {
            yield* stream;
          } finally {
            open -= 1;
          }
        })();
      },
    });
    const proof = await proofOver(counting);
    await verdicts(proof, rowsOf(1)).catch(() => undefined);
    expect(open).toBe(0);
  });

  it('is not read when its manifest was replaced since the opening', async () => {
    const { sink, manifestKey, manifest } = oneCommit();
    const proof = await proofOver(sink);
    sink.objects.set(manifestKey, Buffer.from(JSON.stringify({ ...manifest, lateRows: 1 })));
    expect(await refusal(verdicts(proof, rowsOf(1)), 'OBJECT_CORRUPT')).toContain('replaced');
  });

  it('is not taken after an abort', async () => {
    const { sink } = oneCommit();
    const proof = await proofOver(sink);
    const reason = new Error('enough');
    const rows = rowsOf(1).map((row) => ({ ...row, objectId: 'p-1' }));
    await expect(proof.prove(rows, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await verdicts(proof, rowsOf(1))).toEqual(['proven']);
  });
});

describe('row indexes in memory', () => {
  /** Five commits of ten rows: 160 bytes of digests each. */
  function fiveCommits(): { readonly sink: MemorySink; readonly indexes: string[] } {
    const sink = memorySink();
    let previous: string | null = null;
    const indexes: string[] = [];
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      const versions = Array.from({ length: 10 }, (_, place) => sequence * 10 + place);
      const written = writeCommit(sink, { sequence, previous, objects: [rowsOf(...versions)] });
      previous = written.manifestKey;
      indexes.push(written.manifest.rowIndex.key);
    }
    return { sink, indexes };
  }

  const reads = (gets: readonly string[]): string[] =>
    gets.filter((key) => key.startsWith('_index'));

  it('are read once each for rows in the order of their versions', async () => {
    const { sink, indexes } = fiveCommits();
    const watch = watched(sink);
    const proof = await proofOver(watch.sink, { indexMemoryBytes: 320 });
    for (let version = 10; version < 60; version += 5)
      await verdicts(proof, rowsOf(version, version + 4));
    expect(reads(watch.gets)).toEqual(indexes);
  });

  it.each([
    [480, 480, 3],
    [479, 320, 2],
    [100, 160, 1],
    [0, 160, 1],
  ])('stay within %i bytes, or are one alone', async (indexMemoryBytes, bytes, kept) => {
    const { sink, indexes } = fiveCommits();
    const watch = watched(sink);
    const proof = await proofOver(watch.sink, { indexMemoryBytes });
    const rows = rowsOf(10, 20, 30, 40, 50);
    expect(await verdicts(proof, rows)).toEqual(rows.map(() => 'proven'));
    expect(proof.indexBytes).toBe(bytes);
    const before = reads(watch.gets).length;
    await verdicts(proof, rowsOf(...[50, 40, 30].slice(0, kept)));
    expect(reads(watch.gets)).toHaveLength(before);
    await verdicts(proof, rowsOf(10));
    expect(reads(watch.gets).at(-1)).toBe(indexes[0]);
  });

  it('that were used last are kept', async () => {
    const { sink } = fiveCommits();
    const watch = watched(sink);
    const proof = await proofOver(watch.sink, { indexMemoryBytes: 320 });
    for (const version of [10, 20, 10, 30, 10]) await verdicts(proof, rowsOf(version));
    expect(reads(watch.gets)).toHaveLength(3);
  });

  it('are not read where no row of a batch can be', async () => {
    const { sink, indexes } = fiveCommits();
    const watch = watched(sink);
    const proof = await proofOver(watch.sink);
    await verdicts(proof, rowsOf(10, 59));
    expect(reads(watch.gets)).toEqual([indexes[0], indexes[4]]);
  });
});
