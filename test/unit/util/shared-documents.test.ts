import { describe, expect, it } from 'vitest';

import { memoryCursorStore } from '../../../src/stores/memory.js';
import { canonicalJson } from '../../../src/util/canonical-json.js';
import { PauseMark } from '../../../src/util/pause-mark.js';
import { RunHistory } from '../../../src/util/run-history.js';
import { override } from '../../support/override.js';

const AT = new Date(Date.UTC(2026, 0, 1));

interface Sweep {
  readonly deleted: number;
  readonly error: string | null;
}

describe('a pause mark', () => {
  it('is clear at first, and set for every reader of its key until it is cleared', async () => {
    const store = memoryCursorStore();
    const [mine, same, other] = ['a', 'a', 'b'].map((id) => new PauseMark(store, `stops/${id}`));
    expect(await same?.isSet({})).toBe(false);
    await mine?.change({ paused: true, at: AT }, {});
    expect(await same?.isSet({})).toBe(true);
    expect(await other?.isSet({})).toBe(false);
    await same?.change({ paused: false, at: AT }, {});
    expect(await mine?.isSet({})).toBe(false);
  });

  it('saves nothing when it stands as asked', async () => {
    const store = memoryCursorStore();
    const mark = new PauseMark(store, 'stops/a');
    await mark.change({ paused: true, at: AT }, {});
    const before = await store.load('stops/a');
    await mark.change({ paused: true, at: new Date(AT.getTime() + 1) }, {});
    expect(await store.load('stops/a')).toEqual(before);
    expect(before?.document).toEqual({ version: 1, paused: true, at: AT.toISOString() });
  });

  it('is set though others change it at the same time', async () => {
    const store = memoryCursorStore();
    const mark = new PauseMark(store, 'stops/a');
    await Promise.all([
      mark.change({ paused: true, at: AT }, {}),
      mark.change({ paused: true, at: AT }, {}),
    ]);
    expect(await mark.isSet({})).toBe(true);
  });
});

describe('a history of runs', () => {
  it('gives the newest first and keeps 50', async () => {
    const history = new RunHistory<Sweep>(memoryCursorStore(), 'sweeps/a');
    expect(await history.load({})).toEqual([]);
    for (let deleted = 0; deleted < 60; deleted += 1)
      await history.append({ deleted, error: null }, {});
    const kept = await history.load({});
    expect(kept.map(({ deleted }) => deleted)).toEqual(
      Array.from({ length: 50 }, (_, at) => 59 - at),
    );
    await history.clear({});
    expect(await history.load({})).toEqual([]);
  });

  it('cuts long errors', async () => {
    const history = new RunHistory<Sweep>(memoryCursorStore(), 'sweeps/a');
    await history.append({ deleted: 0, error: 'x'.repeat(501) }, {});
    expect(await history.load({})).toEqual([{ deleted: 0, error: 'x'.repeat(500) }]);
  });

  it('holds the runs of both of two writers at once', async () => {
    const store = memoryCursorStore();
    const histories = [1, 2].map(() => new RunHistory<Sweep>(store, 'sweeps/a'));
    await Promise.all(
      histories.map((history, deleted) => history.append({ deleted, error: null }, {})),
    );
    const runs = (await histories[0]?.load({})) ?? [];
    expect(new Set(runs.map(({ deleted }) => deleted))).toEqual(new Set([0, 1]));
  });

  it.each([null, 7, { runs: 'none' }, []])(
    'that cannot be read (%j) is empty',
    async (document) => {
      const store = memoryCursorStore();
      await store.save('sweeps/a', document, { ifRevision: null });
      const history = new RunHistory<Sweep>(store, 'sweeps/a');
      expect(await history.load({})).toEqual([]);
      await history.append({ deleted: 1, error: null }, {});
      expect(await history.load({})).toHaveLength(1);
    },
  );

  it('gives up after three conflicts, with the store’s own error', async () => {
    const memory = memoryCursorStore();
    let saves = 0;
    const store = override(memory, {
      save: async (key, document, options) => {
        saves += 1;
        return await memory.save(key, document, { ...options, ifRevision: 'stale' });
      },
    });
    const history = new RunHistory<Sweep>(store, 'sweeps/a');
    await expect(history.append({ deleted: 1, error: null }, {})).rejects.toMatchObject({
      code: 'CHECKPOINT_CONFLICT',
    });
    expect(saves).toBe(3);
  });
});

describe('canonical JSON', () => {
  it('is equal text for equal values whatever the order of their keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe(
      canonicalJson({ a: true, b: [1, { c: 'x', d: null }] }),
    );
    expect(canonicalJson({ a: 1 })).not.toBe(canonicalJson({ a: '1' }));
  });
});
