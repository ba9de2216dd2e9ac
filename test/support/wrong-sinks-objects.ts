import { setImmediate as turn } from 'node:timers/promises';

import { SinkError } from '../../src/errors/index.js';
import type { ObjectInfo, Stray } from '../../src/interfaces/index.js';
import type { MemorySink } from '../../src/testing/adapters/memory-sink.js';
import { override } from './override.js';
import { collect, fromPromise, wrong, wrongList, type WrongSink } from './wrong-sink.js';

function exists(): SinkError {
  return new SinkError('OBJECT_EXISTS', 'It exists.');
}

export const WRONG_OBJECTS: readonly WrongSink[] = [
  wrong('replaces on put', 'put creates once: equal bytes exist, others are refused', (sink) => ({
    put: async (key, bytes) => {
      const isThere = sink.objects.has(key);
      sink.objects.set(key, bytes);
      return isThere ? 'exists' : 'created';
    },
  })),
  wrong('skips empty puts', 'put can hold nothing', (sink) => ({
    put: async (key, bytes) => (bytes.length === 0 ? 'created' : sink.put(key, bytes)),
  })),
  wrong('puts in two halves', 'a put is never half visible', (sink) => ({
    put: async (key, bytes) => {
      sink.objects.set(key, bytes.subarray(0, bytes.length / 2));
      await turn();
      await turn();
      sink.objects.set(key, bytes);
      return 'created';
    },
  })),
  wrong('looks, then puts', 'of puts of one key at the same time one creates', (sink) => ({
    put: async (key, bytes) => {
      const isThere = sink.objects.has(key);
      await turn();
      if (!isThere) sink.objects.delete(key);
      return sink.put(key, bytes);
    },
  })),
  wrong(
    'refuses a put beside an equal one',
    'puts of equal bytes at the same time all succeed',
    (sink) => {
      const keys = new Set<string>();
      return {
        put: async (key, bytes) => {
          if (keys.has(key)) throw exists();
          keys.add(key);
          await turn();
          keys.delete(key);
          return sink.put(key, bytes);
        },
      };
    },
  ),
  wrong(
    'gives an empty stream for what is missing',
    'what is missing has no content and no head, and can be removed',
    (sink) => ({ get: async (key) => (await sink.get(key)) ?? fromPromise(Promise.resolve([])) }),
  ),
  wrong('takes folders for objects', 'the folder of a key is no object', (sink) => ({
    head: async (key) => {
      const isFolder = (await collect(sink.list(`${key}/`))).length > 0;
      return isFolder ? { key, bytes: 0 } : sink.head(key);
    },
  })),
  wrong('fails to remove', 'a removed object is gone, and its key is free again', () => ({
    remove: async () => undefined,
  })),
  wrong('gives each object once', 'an object can be read twice, and left half-way', (sink) => {
    const read = new Set<string>();
    return {
      get: async (key) => {
        if (read.has(key)) return null;
        read.add(key);
        return sink.get(key);
      },
    };
  }),
  wrong('decodes keys', 'keys keep every odd character', (sink) => ({
    put: async (key, bytes) => sink.put(key.replaceAll('%2F', '%2f'), bytes),
  })),
  wrong('takes any key', 'keys that could leave the root are refused', (sink) => ({
    put: async (key, bytes) => {
      sink.objects.set(key, bytes);
      return 'created';
    },
  })),
  wrong('lists whole folders', 'a listing takes its prefix as exact text', (sink) => ({
    list: (prefix, options) => sink.list(prefix.slice(0, prefix.lastIndexOf('/') + 1), options),
  })),
  wrongList(
    'lists in UTF-16 order',
    'a listing is in the order of the bytes of the keys',
    (objects) => objects.sort((left, right) => (left.key < right.key ? -1 : 1)),
  ),
  wrong(
    'begins a listing with the key it goes on after',
    'a listing goes on after any key',
    (sink) => ({
      list: (prefix, options = {}) =>
        fromPromise(
          collect(sink.list(prefix)).then((all) =>
            all.filter(
              ({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(options.after ?? '')) >= 0,
            ),
          ),
        ),
    }),
  ),
  wrong('goes on where the last listing stopped', 'a listing can be left half-way', (sink) => {
    let items: AsyncIterator<ObjectInfo> | null = null;
    return {
      list: (prefix) => ({
        [Symbol.asyncIterator]: () => {
          items ??= sink.list(prefix)[Symbol.asyncIterator]();
          const shared = items;
          return { next: () => shared.next() };
        },
      }),
    };
  }),
  wrong(
    'has a reason of its own for aborts',
    'an abort rejects with its reason, and nothing happens',
    (sink) => ({
      head: async (key, options) => {
        if (options?.signal?.aborted === true) throw new Error('The operation was aborted');
        return sink.head(key);
      },
    }),
  ),
  wrong('lets observers throw', 'an observer that throws hurts nothing', (sink) => ({
    put: async (key, bytes, options) => {
      options?.observer?.({
        type: 'request',
        target: 'sink',
        operation: 'object-put',
        durationMs: 0,
        bytes: 0,
        outcome: 'ok',
      });
      return sink.put(key, bytes, options);
    },
  })),
  wrongList('lists 1,000 objects', 'a listing goes on past 1,000 objects', (objects) =>
    objects.slice(0, 1_000),
  ),
];

function wrongDiscard(
  fault: string,
  caught: string,
  discard: (sink: MemorySink, exportId: string, stray: Stray) => Promise<void>,
): WrongSink {
  return wrong(fault, caught, (sink) => ({
    discard: async (exportId, stray, options) => {
      options?.signal?.throwIfAborted();
      return discard(sink, exportId, stray);
    },
  }));
}

export const WRONG_STRAYS: readonly WrongSink[] = [
  wrong(
    'shows strays of ids that begin alike',
    'strays are those of exactly the export id',
    (sink) => ({
      strays: (exportId) =>
        fromPromise(
          Promise.all([exportId, `${exportId}-eu`].map((each) => collect(sink.strays(each)))).then(
            (all) => all.flat(),
          ),
        ),
    }),
  ),
  wrong('tells no nonces', 'strays tell their nonce, whatever their generation', (sink) => ({
    strays: (exportId) =>
      fromPromise(
        collect(sink.strays(exportId)).then((all) =>
          all.map((stray) => ({ ...stray, nonce: '0'.repeat(16) })),
        ),
      ),
  })),
  {
    ...wrong(
      'forgets strays with its process',
      'strays outlive the process, and can be discarded by another',
      () => ({}),
    ),
    reopen: (sink) => override(sink, { strays: () => fromPromise(Promise.resolve([])) }),
  },
  wrong(
    'hides strays instead of discarding them',
    'a discarded object can no longer be committed',
    () => ({
      discard: async () => undefined,
    }),
  ),
  wrongDiscard(
    'discards the whole commit',
    'discard takes one object and leaves the others of the commit',
    async (sink, exportId, { nonce }) => {
      for (const stray of await collect(sink.strays(exportId)))
        if (stray.nonce === nonce) await sink.discard(exportId, stray);
    },
  ),
  wrongDiscard(
    'fails when a stray is gone',
    'discard can be repeated',
    async (sink, exportId, stray) => {
      const strays = await collect(sink.strays(exportId));
      if (!strays.some(({ id }) => id === stray.id))
        throw new SinkError('SINK_UNAVAILABLE', 'Gone.');
      await sink.discard(exportId, stray);
    },
  ),
  wrongDiscard(
    'discards under any export id',
    'discard under another export id does nothing',
    (sink, _exportId, stray) => sink.discard('prod', stray),
  ),
  wrongDiscard(
    'deletes a visible object on discard',
    'discard never touches an object that became visible',
    async (sink) => sink.objects.clear(),
  ),
  wrong('discards although aborted', 'an aborted discard does nothing', (sink) => ({
    discard: (exportId, stray) => sink.discard(exportId, stray),
  })),
];
