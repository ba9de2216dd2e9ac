import { setImmediate as turn } from 'node:timers/promises';

import { CheckpointError } from '../../src/errors/index.js';
import type { CursorStore, Json, StoredDocument } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';

/** A store with one fault, and the case that must catch it. */
export interface WrongStore {
  readonly fault: string;
  readonly caught: string;
  readonly create: () => CursorStore;
  readonly reopen?: (store: CursorStore) => CursorStore;
}

type Fault = (store: CursorStore) => Partial<CursorStore>;

function wrong(fault: string, caught: string, members: Fault): WrongStore {
  const create = (): CursorStore => {
    const store = memoryCursorStore();
    return { ...store, ...members(store) };
  };
  return { fault, caught, create };
}

/** A store whose documents change on their way in. */
function wrongDocument(
  fault: string,
  caught: string,
  change: (document: Json) => Json,
): WrongStore {
  return wrong(fault, caught, (store) => ({
    save: (key, document, options) => store.save(key, change(document), options),
  }));
}

/** A store over a plain map, without the care of the real one. */
function mapStore(nextRevision: (current: StoredDocument | undefined) => string): CursorStore {
  const documents = new Map<string, StoredDocument>();
  const check = (key: string, ifRevision: string | null): void => {
    if ((documents.get(key)?.revision ?? null) !== ifRevision)
      throw new CheckpointError('CHECKPOINT_CONFLICT', 'Changed.');
  };
  return {
    ...memoryCursorStore(),
    load: async (key) => documents.get(key) ?? null,
    save: async (key, document, { ifRevision }) => {
      check(key, ifRevision);
      const revision = nextRevision(documents.get(key));
      documents.set(key, { document, revision });
      return { revision };
    },
    delete: async (key, { ifRevision }) => {
      check(key, ifRevision);
      documents.delete(key);
    },
  };
}

/** Saves whatever the revision says. */
async function force(
  store: CursorStore,
  key: string,
  document: Json,
): Promise<{ revision: string }> {
  for (;;) {
    const ifRevision = (await store.load(key))?.revision ?? null;
    try {
      return await store.save(key, document, { ifRevision });
    } catch {
      // Overtaken: again.
    }
  }
}

export const WRONG_STORES: readonly WrongStore[] = [
  wrong('confesses to be unsafe', 'names itself', () => ({ name: 'unsafe-map' })),
  wrong('invents empty documents', 'what was never saved is null', (store) => ({
    load: async (key) => (await store.load(key)) ?? { document: {}, revision: '0' },
  })),
  {
    ...wrong(
      'keeps documents in its process',
      'a saved document is loaded, by every instance, under its revision',
      () => ({}),
    ),
    reopen: () => memoryCursorStore(),
  },
  wrong(
    'answers with an old revision',
    'a document is replaced only over its current revision',
    (store) => ({
      save: async (key, document, options) => {
        const { revision } = await store.save(key, document, options);
        return { revision: options.ifRevision ?? revision };
      },
    }),
  ),
  wrong('lets every save win', 'a save under a stale revision changes nothing', (store) => ({
    save: (key, document) => force(store, key, document),
  })),
  wrong('lets every creation win', 'a document that must not exist is created once', (store) => ({
    save: (key, document, options) =>
      options.ifRevision === null
        ? force(store, key, document)
        : store.save(key, document, options),
  })),
  wrong('looks, then creates', 'of creations at the same time one wins', (store) => ({
    save: async (key, document, options) => {
      const isFree = (await store.load(key)) === null;
      await turn();
      if (options.ifRevision === null && isFree) return force(store, key, document);
      return store.save(key, document, options);
    },
  })),
  wrong('looks, then saves', 'of saves over one revision at the same time one wins', (store) => ({
    save: async (key, document, options) => {
      const isCurrent = (await store.load(key))?.revision === options.ifRevision;
      await turn();
      if (isCurrent) return force(store, key, document);
      return store.save(key, document, options);
    },
  })),
  wrong('loses updates', 'increments by five workers are all counted', (store) => {
    let saves = 0;
    return {
      save: async (key, document, options) => {
        saves += 1;
        if (saves % 7 !== 0) return store.save(key, document, options);
        return { revision: `lost-${saves}` };
      },
    };
  }),
  wrong('does not delete', 'a deleted document is null, and can be created again', () => ({
    delete: async () => undefined,
  })),
  wrong(
    'deletes under any revision',
    'a delete under a stale revision changes nothing',
    (store) => ({
      delete: async (key) => {
        const current = await store.load(key);
        if (current !== null) await store.delete(key, { ifRevision: current.revision });
      },
    }),
  ),
  {
    fault: 'counts revisions anew after a delete',
    caught: 'a revision is never used twice, also not after a delete',
    create: () => mapStore((current) => String(Number(current?.revision ?? 0) + 1)),
  },
  wrongDocument('takes null for nothing', 'documents of any shape come back', (document) =>
    document === null ? {} : document,
  ),
  wrongDocument('repairs Unicode', 'any Unicode comes back', (document) =>
    typeof document === 'string' ? document.toWellFormed() : document,
  ),
  wrongDocument(
    'cuts long texts',
    'documents of 250 KiB come back',
    (document) =>
      JSON.parse(JSON.stringify(document), (_key, value: Json) =>
        typeof value === 'string' ? value.slice(0, 65_536) : value,
      ) as Json,
  ),
  {
    fault: 'hands out what it holds',
    caught: 'what is loaded shares nothing with what was saved',
    create: () => {
      let saves = 0;
      return mapStore(() => String((saves += 1)));
    },
  },
  wrong('folds the case of keys', 'documents do not touch each other', (store) => ({
    save: (key, document, options) => store.save(key.toLowerCase(), document, options),
    load: (key) => store.load(key.toLowerCase()),
  })),
  wrong('takes any key', 'keys that are no keys are refused', (store) => ({
    load: (key) => store.load(key.replaceAll(/[^a-z]/g, '') || 'x'),
  })),
  wrong('lists backwards', 'a listing is exact, in order, without what was deleted', (store) => ({
    list: async function* list(prefix) {
      const keys = [];
      for await (const key of store.list(prefix)) keys.push(key);
      yield* keys.reverse();
    },
  })),
  wrong(
    'saves although aborted',
    'an abort rejects with its reason, and nothing happens',
    (store) => ({
      save: async (key, document, options) => {
        const result = await store.save(key, document, { ifRevision: options.ifRevision });
        options.signal?.throwIfAborted();
        return result;
      },
    }),
  ),
];

/** Takes what it cannot read for nothing: such a store begins at zero. */
export function forgivingStore(store: CursorStore): CursorStore {
  return {
    name: 'forgiving',
    load: (key, options) => store.load(key, options).catch(() => null),
    save: (key, document, options) => store.save(key, document, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: (key, options) => store.delete(key, options),
  };
}
