import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { ExportError } from '../../src/errors/index.js';
import type { ObjectHead, ObjectWriter } from '../../src/interfaces/index.js';

/**
 * A process that does one thing with the file adapters, and prints `ok` or the error's code as JSON:
 * `node --import tsx file-adapter-process.ts ROOT commit|writers|save`.
 */
const [root = '', action = ''] = process.argv.slice(2);
const sink = fileSink({ root });
const head: ObjectHead = {
  key: 'day/object',
  contentType: 'text/plain',
  exportId: 'prod',
  generation: 1,
  nonce: '0123456789abcdef',
  maxBytes: 1_000,
};

async function commit(): Promise<void> {
  const writer = await sink.open(head);
  await writer.write(Buffer.from('content'));
  const prepared = await writer.prepare();
  process.stdout.write(`${JSON.stringify(prepared)}\n`);
  await sink.commit(prepared);
}

/** More open files than the process may have; all are given back. */
async function openWriters(): Promise<void> {
  const writers: ObjectWriter[] = [];
  try {
    for (let count = 0; count < 1_000; count += 1) writers.push(await sink.open(head));
  } finally {
    for (const writer of writers) await writer.abort();
  }
}

async function save(): Promise<void> {
  const store = fileCursorStore({ root });
  const ifRevision = (await store.load('key'))?.revision ?? null;
  await store.save('key', { saved: true }, { ifRevision });
}

try {
  const actions: Record<string, () => Promise<void>> = { commit, writers: openWriters, save };
  await actions[action]?.();
  process.stdout.write('"ok"\n');
} catch (error) {
  if (!(error instanceof ExportError)) throw error;
  const { code, retryable, details } = error;
  process.stdout.write(`${JSON.stringify({ code, retryable, fileCode: details['fileCode'] })}\n`);
}
