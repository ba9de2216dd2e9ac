import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { CursorStore } from 'tracehaul';
import { fileCursorStore } from 'tracehaul/fs';
import {
  cursorStoreContract,
  memoryCursorStore,
  type CursorStoreContractOptions,
} from 'tracehaul/testing';

import { temporaryFolder } from '../support/temporary-folder.js';
import { WRONG_STORES, forgivingStore } from '../support/wrong-stores.js';

const roots = new WeakMap<CursorStore, string>();

function storeIn(root: string, fsync: boolean): CursorStore {
  const store = fileCursorStore({ root, fsync });
  roots.set(store, root);
  return store;
}

function fileOptions(fsync: boolean): CursorStoreContractOptions {
  const rootOf = (store: CursorStore): string => roots.get(store) as string;
  return {
    create: async () => storeIn(await temporaryFolder(), fsync),
    reopen: (store) => storeIn(rootOf(store), fsync),
    corrupt: async (store, key, content) => {
      const folder = join(rootOf(store), key);
      const newest = (await readdir(folder)).sort().at(-1) as string;
      await writeFile(join(folder, newest), content);
    },
  };
}

const ADAPTERS = {
  memoryCursorStore: cursorStoreContract({ create: () => memoryCursorStore() }),
  fileCursorStore: cursorStoreContract(fileOptions(false)),
  'fileCursorStore that waits for the disk': cursorStoreContract(fileOptions(true)),
};

describe.each(Object.entries(ADAPTERS))('%s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

describe('cursorStoreContract', () => {
  it.each(WRONG_STORES)('catches a store that $fault', async ({ caught, create, reopen }) => {
    const named = cursorStoreContract({ create, reopen }).find(({ name }) => name === caught);
    expect(named).toBeDefined();
    await expect(named?.run()).rejects.not.toBeInstanceOf(TypeError);
  });

  const options = fileOptions(false);
  const forgiving = cursorStoreContract({
    create: async () => {
      const store = await options.create();
      const forgives = forgivingStore(store);
      roots.set(forgives, roots.get(store) as string);
      return forgives;
    },
    corrupt: options.corrupt,
  });
  const corruptCases = cursorStoreContract({ create: () => memoryCursorStore() }).filter(
    ({ skip }) => skip,
  );

  it.each(corruptCases)('catches a store that takes rubbish for nothing: $name', async (each) => {
    await expect(forgiving.find(({ name }) => name === each.name)?.run()).rejects.toThrow();
  });

  it('has a wrong store for every case', () => {
    const caught = new Set(WRONG_STORES.map((wrong) => wrong.caught));
    const cases = cursorStoreContract({ create: () => memoryCursorStore() });
    const uncaught = cases.filter(({ name, skip }) => !skip && !caught.has(name));
    expect(uncaught.map(({ name }) => name)).toEqual([]);
  });
});
