import { describe, expect, it } from 'vitest';

import type { ExportState } from '../../../src/retention/proof/export-state.js';
import { lines } from '../../../src/retention/proof/count-rows.js';
import { fitnessProblem } from '../../../src/retention/proof/fitness.js';
import type { ExportEvent } from '../../../src/interfaces/index.js';
import { memorySink, type MemorySink } from '../../../src/testing/adapters/memory-sink.js';
import {
  proofOver,
  proofSettings,
  refusal,
  rowsOf,
  verdicts,
  watched,
} from '../../support/proof-fixture.js';
import { writeCommit } from '../../support/written-commits.js';

const ROWS = rowsOf(1, 2, 3, 4);

/** Two commits: rows 1 and 2, rows 3 and 4. */
function twoCommits(): { readonly sink: MemorySink; readonly keys: readonly string[] } {
  const sink = memorySink();
  const first = writeCommit(sink, { sequence: 1, previous: null, objects: [rowsOf(1, 2)] });
  const previous = first.manifestKey;
  const second = writeCommit(sink, { sequence: 2, previous, objects: [rowsOf(3), rowsOf(4)] });
  return { sink, keys: [previous, second.manifestKey] };
}

function stateOf(change: Partial<ExportState> = {}): ExportState {
  return { unsettled: new Set(), lastManifestKey: null, ...change };
}

describe('what a checkpoint says of an export', () => {
  it('leaves manifests and objects out that may be given up', async () => {
    const { sink, keys } = twoCommits();
    const object = [...sink.objects.keys()].find((key) => key.includes('1.2.1')) ?? '';
    for (const [key, proven] of [
      [keys[1]!, ['proven', 'proven', 'not-exported', 'not-exported']],
      [object, ['proven', 'proven', 'proven', 'not-exported']],
    ] as const) {
      const state = stateOf({ unsettled: new Set([key]) });
      expect(await verdicts(await proofOver(sink, { state }), ROWS)).toEqual(proven);
    }
  });

  it('makes the newest manifest count: without it, it proves nothing', async () => {
    const { sink } = twoCommits();
    const some = ['proven', 'proven', 'not-exported', 'not-exported'];
    expect(await verdicts(await proofOver(sink, { state: null }), ROWS)).toEqual(some);
    const all = Array(4).fill('proven');
    expect(await verdicts(await proofOver(sink), ROWS)).toEqual(all);
  });

  it('names the newest manifest, which must be there', async () => {
    const { sink, keys } = twoCommits();
    const state = stateOf({ lastManifestKey: keys[1]! });
    const all = Array(4).fill('proven');
    expect(await verdicts(await proofOver(sink, { state }), ROWS)).toEqual(all);
    sink.objects.delete(keys[1]!);
    expect(await refusal(proofOver(sink, { state }), 'MANIFEST_MISSING')).toContain(keys[1]);
  });

  it('may name one that lies below the floor', async () => {
    const { sink, keys } = twoCommits();
    const from = { manifestKey: keys[0]!, version: '0003' };
    const state = stateOf({ lastManifestKey: keys[0]! });
    const proof = await proofOver(sink, { state, from });
    expect(await verdicts(proof, rowsOf(3, 4))).toEqual(['proven', 'proven']);
  });
});

describe('a manifest that does not tell its lowest version', () => {
  it('has that of its objects', async () => {
    const sink = memorySink();
    const objects = [rowsOf(5), rowsOf(3, 4)];
    const manifest = { minVersion: undefined as never };
    writeCommit(sink, { sequence: 1, previous: null, objects, manifest });
    const { sink: watching, gets } = watched(sink);
    const proof = await proofOver(watching);
    const read = gets.length;
    expect(await verdicts(proof, rowsOf(1, 2))).toEqual(['not-exported', 'not-exported']);
    expect(gets).toHaveLength(read);
    expect(await verdicts(proof, rowsOf(3, 5))).toEqual(['proven', 'proven']);
  });

  it('may have dead letters of any', async () => {
    const sink = memorySink();
    const manifest = { minVersion: undefined as never };
    const commit = { sequence: 1, previous: null, objects: [rowsOf(5)], rejected: rowsOf(1) };
    writeCommit(sink, { ...commit, manifest });
    expect(await verdicts(await proofOver(sink), rowsOf(1, 5))).toEqual(['rejected', 'proven']);
  });

  it('has none when it has no rows', async () => {
    const sink = memorySink();
    const manifest = { minVersion: undefined as never };
    writeCommit(sink, { sequence: 1, previous: null, objects: [], manifest });
    expect(await verdicts(await proofOver(sink), rowsOf(1))).toEqual(['not-exported']);
  });
});

it('one object of CSV among others makes a manifest unfit, unless changed rows are allowed', () => {
  const sink = memorySink();
  const objects = [rowsOf(1), rowsOf(2)];
  const { manifest } = writeCommit(sink, { sequence: 1, previous: null, objects });
  const [first, second] = manifest.objects;
  const mixed = { ...manifest, objects: [first!, { ...second!, format: 'csv' }] };
  const settings = proofSettings(sink);
  expect(fitnessProblem(mixed, settings)).toContain('CSV');
  expect(fitnessProblem(mixed, { ...settings, allowTransformed: true })).toBeNull();
  expect(fitnessProblem(manifest, settings)).toBeNull();
});

it('lines are counted wherever a piece of them ends', async () => {
  const text = Buffer.from('{}\n{}\n\n{}\n');
  for (let size = 1; size <= text.length; size += 1) {
    const counter = lines();
    for (let from = 0; from < text.length; from += size)
      await counter.write(text.subarray(from, from + size));
    expect(await counter.end()).toBe(4);
  }
});

it('an object that stands is not told of', async () => {
  const { sink } = twoCommits();
  const events: ExportEvent[] = [];
  await verdicts(await proofOver(sink), ROWS, events);
  expect(events).toEqual([]);
});
