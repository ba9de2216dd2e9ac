import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import { proofOver, verdicts } from '../support/proof-fixture.js';
import { type WrittenRow, writeCommit } from '../support/written-commits.js';

const VERSIONS = 24;
const IDS = ['a', 'b', 'ü'] as const;

const rows = fc.array(
  fc.record({ id: fc.constantFrom(...IDS), time: fc.nat({ max: VERSIONS - 1 }) }),
  { maxLength: 6 },
);

/** One commit of a history; the numbers choose among what is there when it is written. */
const commits = fc.record({
  objects: fc.array(rows, { maxLength: 3 }),
  rejected: rows,
  /** Whether it begins a generation. */
  resets: fc.boolean(),
  /** Whether the commit before it was given up, so that it names the manifest before that one. */
  givesUp: fc.boolean(),
  /** Objects of earlier commits that it supersedes beside that. */
  supersedes: fc.array(fc.nat(), { maxLength: 2 }),
});

const histories = fc.record({
  commits: fc.array(commits, { minLength: 1, maxLength: 8 }),
  removed: fc.array(fc.nat(), { maxLength: 3 }),
  changed: fc.array(fc.nat(), { maxLength: 3 }),
  indexMemoryBytes: fc.constantFrom(0, 100, 400, 10_000),
  /** The lowest version that is asked for, once with and once without a floor. */
  lowest: fc.nat({ max: VERSIONS }),
  batch: fc.integer({ min: 1, max: 20 }),
});

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

/** An object of the plain model: what it holds, and whether that counts. */
interface ModelObject {
  readonly key: string;
  readonly manifestKey: string;
  readonly rows: ReadonlySet<string>;
  state: 'stands' | 'object-missing' | 'object-changed';
}

interface Model {
  readonly objects: ModelObject[];
  readonly superseded: Set<string>;
  readonly rejected: Map<string, ReadonlySet<string>>;
}

function nameOf({ id, version }: WrittenRow): string {
  return `${id}@${version}`;
}

function written(row: { readonly id: string; readonly time: number }): WrittenRow {
  return { id: row.id, version: String(row.time).padStart(4, '0') };
}

function write(sink: MemorySink, history: History): Model {
  const model: Model = { objects: [], superseded: new Set(), rejected: new Map() };
  let generation = 1;
  let previous: string | null = null;
  let before: { readonly previous: string | null; readonly names: string[] } | null = null;
  history.commits.forEach((commit, place) => {
    const supersedes = commit.supersedes
      .map((choice) => model.objects[choice % Math.max(model.objects.length, 1)]?.key)
      .filter((key) => key !== undefined);
    if (commit.givesUp && before !== null) {
      supersedes.push(...before.names);
      previous = before.previous;
    } else if (commit.resets && place > 0) {
      generation += 1;
      previous = null;
    }
    const { manifestKey, manifest } = writeCommit(sink, {
      generation,
      sequence: place + 1,
      previous,
      supersedes,
      objects: commit.objects.map((object) => object.map(written)),
      rejected: commit.rejected.map(written),
    });
    for (const key of supersedes) model.superseded.add(key);
    const names = [manifestKey, ...manifest.objects.map(({ key }) => key)];
    before = { previous, names };
    previous = manifestKey;
    model.rejected.set(manifestKey, new Set(commit.rejected.map(written).map(nameOf)));
    manifest.objects.forEach(({ key }, part) => {
      const held = new Set((commit.objects[part] ?? []).map(written).map(nameOf));
      model.objects.push({ key, manifestKey, rows: held, state: 'stands' });
    });
  });
  return model;
}

function tamper(sink: MemorySink, model: Model, history: History): void {
  const { objects } = model;
  if (objects.length === 0) return;
  for (const choice of history.removed) {
    const object = objects[choice % objects.length]!;
    sink.objects.delete(object.key);
    object.state = 'object-missing';
  }
  for (const choice of history.changed) {
    const object = objects[choice % objects.length]!;
    sink.objects.set(object.key, Buffer.from('changed'));
    object.state = 'object-changed';
  }
}

/** What the model says of a row: the reason that says most, unless an object proves it. */
function expected({ objects, superseded, rejected }: Model, row: WrittenRow): string {
  const name = nameOf(row);
  const holders = objects.filter(
    ({ key, manifestKey, rows: held }) =>
      held.has(name) && !superseded.has(key) && !superseded.has(manifestKey),
  );
  if (holders.some(({ state }) => state === 'stands')) return 'proven';
  if (holders.some(({ state }) => state === 'object-changed')) return 'object-changed';
  if (holders.length > 0) return 'object-missing';
  const isRejected = [...rejected].some(
    ([manifestKey, names]) => !superseded.has(manifestKey) && names.has(name),
  );
  return isRejected ? 'rejected' : 'not-exported';
}

describe('a proof over any history of commits', () => {
  const all = Array.from({ length: VERSIONS + 1 }, (_, time) => time).flatMap((time) =>
    IDS.map((id) => written({ id, time })),
  );

  it('says of every row version what a plain map says, with a floor and without', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const sink = memorySink();
        const model = write(sink, history);
        tamper(sink, model, history);
        const { indexMemoryBytes, batch } = history;
        const proof = await proofOver(sink, { indexMemoryBytes });
        const lowest = String(history.lowest).padStart(4, '0');
        const from = proof.floor(lowest);
        const later = await proofOver(sink, { indexMemoryBytes, from });
        const above = all.filter(({ version }) => version >= lowest);
        // The rows above the floor first, so that the rest has everything read again.
        for (const [asked, candidates] of [
          [proof, all],
          [later, above],
          [later, all],
        ] as const) {
          for (let at = 0; at < candidates.length; at += batch) {
            const some = candidates.slice(at, at + batch);
            const answers = await verdicts(asked, some);
            expect(answers).toEqual(some.map((row) => expected(model, row)));
            for (const answer of answers) seen.add(answer);
          }
        }
      }),
      { numRuns: 300 },
    );
    // The histories are of use only when all answers come up.
    expect([...seen].sort()).toEqual([
      'not-exported',
      'object-changed',
      'object-missing',
      'proven',
      'rejected',
    ]);
  });
});
