import { setImmediate as turn } from 'node:timers/promises';

import { SinkError } from '../../src/errors/index.js';
import type { ObjectWriter, PreparedObject } from '../../src/interfaces/index.js';
import { override } from './override.js';
import { wrong, wrongWriter, type WrongSink } from './wrong-sink.js';
import { WRONG_OBJECTS, WRONG_STRAYS } from './wrong-sinks-objects.js';

const PHASES: readonly WrongSink[] = [
  wrong('has a name with spaces', 'names itself, and its location stays the same', () => ({
    name: 'Memory Sink',
  })),
  wrongWriter(
    'shows objects when they are prepared',
    'nothing of an object is visible before commit, everything after it',
    (writer, sink, key) => ({
      prepare: async () => {
        const prepared = await writer.prepare();
        sink.objects.set(key, Buffer.from('content'));
        return prepared;
      },
    }),
  ),
  wrongWriter(
    'drops the last byte of large buffers',
    'an object comes back byte for byte, whatever pieces it was written in',
    (writer) => ({
      write: (bytes) => writer.write(bytes.length > 65_536 ? bytes.subarray(0, -1) : bytes),
    }),
  ),
  wrongWriter('refuses empty objects', 'an empty object is an object', (writer) => ({
    prepare: async () => {
      if (writer.bytes === 0) throw new SinkError('SINK_UNAVAILABLE', 'Nothing to upload.');
      return writer.prepare();
    },
  })),
  wrongWriter(
    'keeps the first 8 MiB of a write',
    'an object larger than one part comes back',
    (writer) => ({ write: (bytes) => writer.write(bytes.subarray(0, 8 * 1024 * 1024)) }),
  ),
  wrongWriter(
    'miscounts in the prepared object',
    'a prepared object tells its size and SHA-256, and is small plain JSON',
    (writer) => ({
      prepare: async () => ({ ...(await writer.prepare()), sha256: '0'.repeat(64) }),
    }),
  ),
  wrong(
    'writes everything to the last opened object',
    'objects written at the same time do not mix',
    (sink) => {
      let last: ObjectWriter;
      return {
        open: async (head) => {
          const writer = await sink.open(head);
          last = writer;
          return override(writer, { write: (bytes) => last.write(bytes) });
        },
      };
    },
  ),
  {
    ...wrong(
      'forgets uploads with its process',
      'commit works from JSON, in another process',
      () => ({}),
    ),
    reopen: (sink) => override(sink, { commit: async () => 'unresolved' }),
  },
  wrong(
    'knows nothing of a second commit',
    'commit can be repeated, also at the same time',
    (sink) => {
      const done = new Set<unknown>();
      return {
        commit: async (prepared) => {
          if (done.has(prepared.token)) return 'unresolved';
          done.add(prepared.token);
          return sink.commit(prepared);
        },
      };
    },
  ),
  wrong('replaces on commit', 'commit never replaces another object of the same key', (sink) => ({
    commit: async (prepared) => {
      sink.objects.delete(prepared.key);
      return sink.commit(prepared);
    },
  })),
  wrong(
    'always says committed',
    'commit is unresolved when what was prepared is gone, and shows nothing',
    (sink) => ({
      commit: async (prepared) => {
        await sink.commit(prepared);
        return 'committed';
      },
    }),
  ),
  wrong(
    'remembers what it committed',
    'commit is unresolved when the visible object was removed',
    (sink) => {
      const done = new Set<unknown>();
      return {
        commit: async (prepared: PreparedObject) => {
          if (done.has(prepared.token)) return 'committed';
          const outcome = await sink.commit(prepared);
          if (outcome === 'committed') done.add(prepared.token);
          return outcome;
        },
      };
    },
  ),
  wrongWriter('does not abort', 'abort leaves nothing, at any time, any number of times', () => ({
    abort: async () => undefined,
  })),
  wrongWriter(
    'removes the visible object on abort',
    'abort after commit leaves the object alone',
    (writer, sink, key) => ({
      abort: async () => {
        await writer.abort();
        sink.objects.delete(key);
      },
    }),
  ),
  wrongWriter(
    'takes bytes after prepare',
    'nothing but abort() may follow prepare()',
    (writer) => ({
      write: (bytes) => writer.write(bytes).catch(() => undefined),
    }),
  ),
  wrongWriter('takes bytes after abort', 'nothing may be written after abort()', (writer) => ({
    write: (bytes) => writer.write(bytes).catch(() => undefined),
  })),
  wrong('looks, then commits', 'of commits of one key at the same time one wins', (sink) => ({
    commit: async (prepared) => {
      if (sink.objects.has(prepared.key)) return sink.commit(prepared);
      await turn();
      sink.objects.delete(prepared.key);
      return sink.commit(prepared);
    },
  })),
];

const CHECKSUMS: readonly WrongSink[] = [
  {
    ...wrong(
      'tells another checksum in another process',
      'a checksum of prepare is told again by head, in any process, or none is',
      () => ({}),
    ),
    reopen: (sink) =>
      override(sink, {
        head: async (key) => {
          const seen = await sink.head(key);
          return seen === null ? null : { ...seen, checksum: `sha256:${'0'.repeat(64)}` };
        },
      }),
  },
  wrong(
    'takes the size for a checksum',
    'an object of equal size and other content has another checksum',
    (sink) => ({
      open: async (head) => {
        const writer = await sink.open(head);
        return override(writer, {
          prepare: async () => ({ ...(await writer.prepare()), checksum: `size:${writer.bytes}` }),
        });
      },
      head: async (key) => {
        const seen = await sink.head(key);
        return seen === null ? null : { ...seen, checksum: `size:${seen.bytes}` };
      },
    }),
  ),
];

export const WRONG_SINKS: readonly WrongSink[] = [
  ...PHASES,
  ...CHECKSUMS,
  ...WRONG_OBJECTS,
  ...WRONG_STRAYS,
];
