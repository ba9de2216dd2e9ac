import { describe, expect, it } from 'vitest';

import type { Manifest } from '../../../src/exporter/manifest.js';
import { memorySink, type MemorySink } from '../../../src/testing/adapters/memory-sink.js';
import { proofOver, refusal, rowsOf, verdicts, watched } from '../../support/proof-fixture.js';
import { EXPORT_ID, writeCommit, type WrittenCommit } from '../../support/written-commits.js';

/** Commits of one object each, one after another, with the rows of these versions. */
function chain(sink: MemorySink, ...commits: readonly (readonly number[])[]): string[] {
  const keys: string[] = [];
  commits.forEach((versions, place) => {
    const previous = keys.at(-1) ?? null;
    const objects = [rowsOf(...versions)];
    keys.push(writeCommit(sink, { sequence: place + 1, previous, objects }).manifestKey);
  });
  return keys;
}

function single(members: Partial<WrittenCommit> = {}): {
  readonly sink: MemorySink;
  readonly manifestKey: string;
  readonly manifest: Manifest;
} {
  const sink = memorySink();
  const commit = { sequence: 1, previous: null, objects: [rowsOf(1, 2)], ...members };
  return { sink, ...writeCommit(sink, commit) };
}

describe('the manifests of a proof', () => {
  it('prove the rows of their objects, lowest and highest included, and no others', async () => {
    const sink = memorySink();
    chain(sink, [1, 3], [5, 6, 7]);
    const proof = await proofOver(sink);
    expect(await verdicts(proof, rowsOf(0, 1, 2, 3, 4, 5, 6, 7, 8))).toEqual([
      'not-exported',
      'proven',
      'not-exported',
      'proven',
      'not-exported',
      'proven',
      'proven',
      'proven',
      'not-exported',
    ]);
    expect(await verdicts(proof, [])).toEqual([]);
  });

  it.each([rowsOf(1), rowsOf(3), rowsOf(7), rowsOf(5), rowsOf(3, 5), rowsOf(7, 1)])(
    'are found by the range of a batch: %j',
    async (...rows) => {
      const sink = memorySink();
      chain(sink, [1, 3], [5, 6, 7]);
      const proof = await proofOver(sink);
      expect(await verdicts(proof, rows)).toEqual(rows.map(() => 'proven'));
    },
  );

  it('prove a row only in its version and its project', async () => {
    const { sink } = single();
    const proof = await proofOver(sink);
    const row = { objectId: 'p-1', id: 'row-1', version: '0001' };
    const proofs = await proof.prove(
      [row, { ...row, version: '0002' }, { ...row, objectId: 'p-2' }, { ...row, id: 'row-2' }],
      {},
    );
    expect(proofs.map(({ state }) => state)).toEqual([
      'proven',
      'unproven',
      'unproven',
      'unproven',
    ]);
  });

  it('name the object that holds a row, as the manifest does', async () => {
    const { sink, manifestKey, manifest } = single();
    const [object] = manifest.objects;
    const [proven] = await (
      await proofOver(sink)
    ).prove([{ objectId: 'p-1', id: 'row-1', version: '0001' }], {});
    expect(proven).toEqual({
      state: 'proven',
      archive: {
        manifestKey,
        objectKey: object?.key,
        bytes: object?.bytes,
        rows: 2,
        sha256: object?.sha256,
        checkedBy: 'size',
      },
    });
  });

  it('tell a row among the dead letters from one that is nowhere, and prove one that is in an object too', async () => {
    const sink = memorySink();
    const first = writeCommit(sink, {
      sequence: 1,
      previous: null,
      objects: [rowsOf(4)],
      rejected: rowsOf(2, 3, 9),
    });
    const previous = first.manifestKey;
    writeCommit(sink, { sequence: 2, previous, objects: [rowsOf(3)] });
    const proof = await proofOver(sink);
    expect(await verdicts(proof, rowsOf(2, 3, 4, 5, 9))).toEqual([
      'rejected',
      'proven',
      'proven',
      'not-exported',
      'rejected',
    ]);
  });

  it('prove nothing of what any of them supersedes, object or manifest', async () => {
    const sink = memorySink();
    const first = writeCommit(sink, {
      sequence: 1,
      previous: null,
      objects: [rowsOf(1), rowsOf(2)],
    });
    const previous = first.manifestKey;
    const abandoned = writeCommit(sink, { sequence: 2, previous, objects: [rowsOf(3)] });
    writeCommit(sink, {
      sequence: 3,
      previous,
      objects: [rowsOf(4)],
      supersedes: [first.manifest.objects[1]?.key ?? '', abandoned.manifestKey],
    });
    const proof = await proofOver(sink);
    expect(await verdicts(proof, rowsOf(1, 2, 3, 4))).toEqual([
      'proven',
      'not-exported',
      'not-exported',
      'proven',
    ]);
  });

  it('are those of the export alone', async () => {
    const { sink, manifestKey } = single();
    const other = manifestKey.replace(`/${EXPORT_ID}/`, `/${EXPORT_ID}-eu/`);
    sink.objects.set(other, Buffer.from('not read'));
    await expect(proofOver(sink)).resolves.toBeDefined();
  });

  it('are read once per opening', async () => {
    const sink = memorySink();
    const keys = chain(sink, [1], [2], [3]);
    const watch = watched(sink);
    const proof = await proofOver(watch.sink);
    expect(watch.gets).toEqual(keys);
    await verdicts(proof, rowsOf(9));
    expect(watch.gets).toEqual(keys);
  });
});

describe('an opening is refused', () => {
  it('without any manifest', async () => {
    expect(await refusal(proofOver(memorySink()), 'PROOF_UNFIT')).toContain('has no manifests');
  });

  it.each([0, 1])('when the manifest in place %i of three was removed', async (place) => {
    const sink = memorySink();
    const keys = chain(sink, [1], [2], [3]);
    sink.objects.delete(keys[place] ?? '');
    const message = await refusal(proofOver(sink), 'MANIFEST_MISSING');
    expect(message).toContain(keys[place]);
  });

  it.each(['{', 'null', '{"version":1}', ''])('when a manifest reads %j', async (text) => {
    const { sink, manifestKey } = single();
    sink.objects.set(manifestKey, Buffer.from(text));
    expect(await refusal(proofOver(sink), 'OBJECT_CORRUPT')).toContain(manifestKey);
  });

  it.each<Partial<Manifest>>([{ sequence: 2 }, { generation: 2 }, { exportId: 'other' }])(
    'when a manifest is one of another commit: %j',
    async (manifest) => {
      const { sink, manifestKey } = single({ manifest });
      expect(await refusal(proofOver(sink), 'OBJECT_CORRUPT')).toContain(manifestKey);
    },
  );

  it('when a source is unfit, with its reason', async () => {
    const { sink, manifestKey } = single();
    const opening = proofOver(sink, { sourceProblem: () => 'reads with a filter' });
    const message = await refusal(opening, 'PROOF_UNFIT');
    expect(message).toContain(manifestKey);
    expect(message).toContain('reads with a filter');
  });

  it.each<[Partial<Manifest>, string]>([
    [{ source: null }, 'where its rows come from'],
    [{ transformed: true }, 'changed by a transform'],
    [{ transformed: null }, 'whether its rows were changed'],
  ])('when a manifest says %j', async (manifest, reason) => {
    const { sink } = single({ manifest });
    expect(await refusal(proofOver(sink), 'PROOF_UNFIT')).toContain(reason);
  });

  it('when an object is CSV', async () => {
    const { sink, manifest } = single();
    const [object] = manifest.objects;
    const csv = single({ manifest: { objects: [{ ...object!, format: 'csv' }] } });
    expect(await refusal(proofOver(csv.sink), 'PROOF_UNFIT')).toContain('CSV');
    expect(sink.objects.size).toBe(3);
  });

  it('when an aborted signal comes with it, with its reason', async () => {
    const { sink } = single();
    const { openProof } = await import('../../../src/retention/proof/proof.js');
    const { proofSettings } = await import('../../support/proof-fixture.js');
    const reason = new Error('enough');
    const opening = openProof(proofSettings(sink), {}, { signal: AbortSignal.abort(reason) });
    await expect(opening).rejects.toBe(reason);
  });
});

describe('allowTransformed', () => {
  it.each<Partial<Manifest>>([{ transformed: true }, { transformed: null }])(
    'lets manifests prove that say %j',
    async (manifest) => {
      const { sink } = single({ manifest });
      const proof = await proofOver(sink, { allowTransformed: true });
      expect(await verdicts(proof, rowsOf(1))).toEqual(['proven']);
    },
  );

  it('does not let an unknown source prove', async () => {
    const { sink } = single({ manifest: { source: null } });
    await refusal(proofOver(sink, { allowTransformed: true }), 'PROOF_UNFIT');
  });

  it('is not needed for a manifest that is superseded', async () => {
    const { sink, manifestKey } = single({ manifest: { transformed: true } });
    const later = { sequence: 2, previous: null, objects: [rowsOf(3)], supersedes: [manifestKey] };
    writeCommit(sink, later);
    expect(await verdicts(await proofOver(sink), rowsOf(1, 3))).toEqual(['not-exported', 'proven']);
  });
});

describe('the floor', () => {
  it('is the last manifest of those at the start that lie below the version', async () => {
    const sink = memorySink();
    const keys = chain(sink, [1, 2], [3, 4], [9], [5, 6]);
    const proof = await proofOver(sink);
    expect(proof.floor('0002')).toBeNull();
    expect(proof.floor('0003')).toEqual({ manifestKey: keys[0], version: '0003' });
    expect(proof.floor('0004')).toEqual({ manifestKey: keys[0], version: '0004' });
    expect(proof.floor('0005')).toEqual({ manifestKey: keys[1], version: '0005' });
    expect(proof.floor('0009')).toEqual({ manifestKey: keys[1], version: '0009' });
    expect(proof.floor('0010')).toEqual({ manifestKey: keys[3], version: '0010' });
  });

  it('has a later opening leave out what lies below, and says the same of the rest', async () => {
    const sink = memorySink();
    const keys = chain(sink, [1, 2], [3, 4], [5, 6]);
    const from = (await proofOver(sink)).floor('0005');
    const watch = watched(sink);
    const proof = await proofOver(watch.sink, { from });
    expect(watch.gets).toEqual([keys[2]]);
    expect(await verdicts(proof, rowsOf(5, 6, 7))).toEqual(['proven', 'proven', 'not-exported']);
    expect(watch.gets).not.toContain(keys[0]);
    expect(proof.floor('0005')).toEqual(from);
    expect(proof.floor('0004')).toBeNull();
  });

  it('has everything read again for a row below it', async () => {
    const sink = memorySink();
    const keys = chain(sink, [1, 2], [3, 4], [5, 6]);
    const from = (await proofOver(sink)).floor('0005');
    const watch = watched(sink);
    const proof = await proofOver(watch.sink, { from });
    expect(await verdicts(proof, rowsOf(4, 5))).toEqual(['proven', 'proven']);
    expect(watch.gets).toEqual(expect.arrayContaining(keys));
    expect(proof.floor('0004')).toEqual({ manifestKey: keys[0], version: '0004' });
  });

  it('accepts a chain that forks below it', async () => {
    const sink = memorySink();
    const [first = ''] = chain(sink, [1]);
    const abandoned = writeCommit(sink, { sequence: 2, previous: first, objects: [rowsOf(2)] });
    const supersedes = [abandoned.manifestKey, ...abandoned.manifest.objects.map(({ key }) => key)];
    writeCommit(sink, { sequence: 3, previous: first, objects: [rowsOf(3)], supersedes });
    const from = (await proofOver(sink)).floor('0003');
    expect(from?.manifestKey).toBe(first);
    const proof = await proofOver(sink, { from });
    expect(await verdicts(proof, rowsOf(3))).toEqual(['proven']);
    expect(await verdicts(proof, rowsOf(2))).toEqual(['not-exported']);
  });

  it('still has a hole above it refused', async () => {
    const sink = memorySink();
    const keys = chain(sink, [1], [2], [3], [4]);
    const from = (await proofOver(sink)).floor('0002');
    sink.objects.delete(keys[2] ?? '');
    await refusal(proofOver(sink, { from }), 'MANIFEST_MISSING');
  });

  it('does not hide that there are no manifests', async () => {
    const sink = memorySink();
    chain(sink, [1], [2]);
    const from = (await proofOver(sink)).floor('0003');
    expect(await verdicts(await proofOver(sink, { from }), rowsOf(3))).toEqual(['not-exported']);
    await refusal(proofOver(memorySink(), { from }), 'PROOF_UNFIT');
  });
});
