import type { MessagePort } from 'node:worker_threads';

import { assert } from '../../../errors/index.js';
import { VERSION } from '../../../version.js';
import { createPageCompressor } from '../file/codec.js';
import type { EncodedRowGroup } from '../row-groups.js';
import { SlicedRowGroups } from '../sliced-row-groups.js';
import { roomsOf, textOf } from './group-text.js';
import { PARQUET_WORKER } from './messages.js';
import type { GroupMessage, WorkerAnswer, WorkerSetup } from './messages.js';

/** Whether a thread was started to encode Parquet. */
export function isWorkerSetup(data: unknown): data is WorkerSetup {
  return (
    typeof data === 'object' && data !== null && 'kind' in data && data.kind === PARQUET_WORKER
  );
}

/** Answers every row group of rows that comes through the port with its pages, one at a time. */
export function runWorker(port: MessagePort, setup: WorkerSetup): void {
  const rowGroups = createRowGroups(setup);
  // It is waited for below; a failure must not end the thread before it is told.
  rowGroups.catch(() => undefined);
  port.on('message', (message: GroupMessage) => {
    void reply(port, () => answer(message, setup, rowGroups));
  });
}

async function reply(port: MessagePort, work: () => Promise<WorkerAnswer>): Promise<void> {
  try {
    const done = await work();
    port.postMessage(done, transfersOf(done));
  } catch (error) {
    port.postMessage(failureOf(null, error));
  }
}

async function createRowGroups(setup: WorkerSetup): Promise<SlicedRowGroups> {
  const compress = await createPageCompressor(setup.compression, setup.level);
  return new SlicedRowGroups(setup.schema, compress);
}

async function answer(
  message: GroupMessage,
  setup: WorkerSetup,
  rowGroups: Promise<SlicedRowGroups>,
): Promise<WorkerAnswer> {
  if (setup.version !== VERSION) {
    const reason = `its file is of version ${VERSION}, the encoder of version ${setup.version}`;
    return failureOf(reason);
  }
  const group = await encodeRowGroup(message, await rowGroups);
  return { type: 'row-group', group, buffers: message.buffers };
}

async function encodeRowGroup(
  message: GroupMessage,
  rowGroups: SlicedRowGroups,
): Promise<EncodedRowGroup> {
  const groups = [...(await rowGroups.take(textOf(message))), ...(await rowGroups.finish())];
  const [group] = groups;
  assert(group !== undefined && groups.length === 1, 'rows of one row group made another number');
  return group;
}

function transfersOf(done: WorkerAnswer): readonly ArrayBuffer[] {
  if (done.type === 'failure') return [];
  return [done.group.bytes.buffer as ArrayBuffer, ...roomsOf(done.buffers)];
}

/** In a form that reaches other threads, whatever was thrown. */
function failureOf(reason: string | null, error?: unknown): WorkerAnswer {
  const told = error instanceof Error ? new Error(error.stack ?? error.message) : undefined;
  return { type: 'failure', reason, error: told };
}
