import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/entries/parquet.js';
import type { ParquetEncoderOptions } from '../../src/entries/parquet.js';
import { isExportError } from '../../src/errors/index.js';
import type { ObjectEncoder } from '../../src/interfaces/index.js';
import { builtWorkerUrl, countThreads, workerOf } from '../support/parquet/worker-threads.js';
import { textBatch } from '../support/rows.js';

const MEBIBYTE = 1024 * 1024;
/** Four of them fill a row group. */
const QUARTER = `{"id":"quarter","input":"${'abcdefgh'.repeat(MEBIBYTE / 2)}"}`;
const rowGroup = (): ReturnType<typeof textBatch> => textBatch(QUARTER, QUARTER, QUARTER, QUARTER);
const small = (): ReturnType<typeof textBatch> => textBatch('{"id":"small"}');

let threads: ReturnType<typeof countThreads>;
beforeEach(() => {
  threads = countThreads();
});
afterEach(() => threads.stop());

function open(options: ParquetEncoderOptions = {}): Promise<ObjectEncoder> {
  const encoder = parquetEncoder({ workers: 2, workerUrl: builtWorkerUrl(), ...options });
  return Promise.resolve(encoder.open());
}

/** What a promise rejects with. */
async function failureOf(work: unknown): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  work.then(note, note);
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  return settled;
}

async function untilEnded(): Promise<void> {
  while (threads.count.running > 0) await nextTurn();
}

describe('the workers of an encoder', () => {
  it('start with a full row group and have ended once the last object is finished', async () => {
    const encoder = parquetEncoder({ workers: 2, workerUrl: builtWorkerUrl() });
    const [first, second] = [await encoder.open(), await encoder.open()];
    await first.write(small());
    expect(threads.count.started).toBe(0);
    await first.write(rowGroup());
    await second.write(rowGroup());
    await first.write(rowGroup());
    expect(threads.count.started).toBe(2);
    await first.finish();
    expect(threads.count.running).toBe(2);
    await second.finish();
    expect(threads.count).toEqual({ started: 2, running: 0 });
  });

  it('are started anew for later objects', async () => {
    const encoder = parquetEncoder({ workers: 1, workerUrl: builtWorkerUrl() });
    for (const started of [1, 2]) {
      const object = await encoder.open();
      await object.write(rowGroup());
      await object.finish();
      expect(threads.count).toEqual({ started, running: 0 });
    }
  });

  it('are not started for an object of less than 1 MiB', async () => {
    const object = await open();
    await object.write(textBatch(...Array.from({ length: 100 }, () => '{"id":"a"}')));
    await object.finish();
    expect(threads.count.started).toBe(0);
  });

  it('take the last row group from 1 MiB on', async () => {
    const object = await open();
    await object.write(textBatch(QUARTER));
    await object.finish();
    expect(threads.count).toEqual({ started: 1, running: 0 });
  });

  it('end with an abort of the last object, and leave those of others alone', async () => {
    const encoder = parquetEncoder({ workers: 1, workerUrl: builtWorkerUrl() });
    const [first, second] = [await encoder.open(), await encoder.open()];
    await first.write(rowGroup());
    await second.write(rowGroup());
    first.abort();
    await second.write(rowGroup());
    expect(threads.count.running).toBe(1);
    second.abort();
    await untilEnded();
    expect(threads.count.started).toBe(1);
  });

  it('are sent no more row groups than there are of them; writing waits then', async () => {
    const workerUrl = await workerOf(`parentPort.on('message', () => {});`);
    const object = await open({ workerUrl });
    for (let groups = 1; groups <= 2; groups += 1) await object.write(rowGroup());
    expect(threads.count.started).toBe(2);
    const third = Promise.resolve(object.write(rowGroup()));
    expect(await isSettled(third)).toBe(false);
    object.abort();
    expect(String(await failureOf(third))).toMatch(/aborted/);
    await untilEnded();
  });
});

describe('an object whose worker fails', () => {
  const FAILURES: readonly (readonly [string, string, RegExp])[] = [
    ['ends at once', 'process.exit(7);', /exit code 7/],
    ['ends with a row group', `parentPort.on('message', () => process.exit(3));`, /exit code 3/],
    ['throws', `parentPort.on('message', () => { throw new Error('secret row'); });`, /threw/],
    ['cannot be loaded', `import 'no-such-package';`, /ERR_MODULE_NOT_FOUND/],
  ];

  it.each(FAILURES)('is aborted when it %s, with an error that says so', async (_, body, told) => {
    const object = await open({ workerUrl: await workerOf(body) });
    const failure = await failureOf(
      (async () => {
        await object.write(rowGroup());
        await object.finish();
      })(),
    );
    expect(isExportError(failure, 'WORKER_FAILED') && failure.retryable).toBe(true);
    expect(String(failure)).toMatch(told);
    expect(String(failure)).not.toContain('secret');
    expect(await failureOf(Promise.resolve(object.finish()))).toBeInstanceOf(Error);
    expect(object.pendingBytes).toBe(0);
    await untilEnded();
  });

  it('is told of it by a later write', async () => {
    const workerUrl = await workerOf(`parentPort.on('message', () => process.exit(3));`);
    const object = await open({ workerUrl });
    await object.write(rowGroup());
    await untilEnded();
    expect(isExportError(await failureOf(object.write(small())), 'WORKER_FAILED')).toBe(true);
  });

  it('does not take other objects with it', async () => {
    const marker = 'poison';
    const workerUrl = await workerOf(`
      await import(${JSON.stringify(builtWorkerUrl().href)});
      parentPort.on('message', ({ buffers }) => {
        const text = Buffer.from(buffers.bytes.buffer, 0, 40).toString('latin1');
        if (text.includes('${marker}')) process.exit(3);
      });`);
    const encoder = parquetEncoder({ workers: 2, workerUrl });
    const [good, bad] = [await encoder.open(), await encoder.open()];
    await good.write(rowGroup());
    await bad.write(textBatch(`{"id":"${marker}"}`, QUARTER, QUARTER, QUARTER, QUARTER));
    expect(isExportError(await failureOf(bad.finish()), 'WORKER_FAILED')).toBe(true);
    await good.write(rowGroup());
    const bytes = Buffer.concat([...(await good.finish())]);
    expect(bytes.subarray(-4).toString()).toBe('PAR1');
    expect(threads.count.running).toBe(0);
  });

  it('is refused by a worker of another version', async () => {
    const workerUrl = await workerOf(`
      workerData.version = '0.0.0-other';
      await import(${JSON.stringify(builtWorkerUrl().href)});`);
    const object = await open({ workerUrl });
    await object.write(rowGroup());
    expect(String(await failureOf(object.finish()))).toMatch(/of version 0\.0\.0-other/);
  });
});

describe('an abort of an object with workers', () => {
  it.each([0, 1, 3, 8, 21, 89])(
    'ends write() and the workers when it comes %i turns later',
    async (turns) => {
      const object = await open();
      await object.write(rowGroup());
      const write = object.write(textBatch(...Array.from({ length: 13 }, () => QUARTER)));
      const outcome = failureOf(write).catch((error: unknown) => error);
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
      object.abort();
      object.abort();
      expect(await outcome).toBeInstanceOf(Error);
      expect(object.pendingBytes).toBe(0);
      await untilEnded();
    },
  );

  it.each([0, 1, 3, 8, 21])(
    'ends finish() and the workers when it comes %i turns later',
    async (turns) => {
      const object = await open();
      await object.write(textBatch(...Array.from({ length: 13 }, () => QUARTER), '{"id":"z"}'));
      const outcome = failureOf(object.finish()).catch((error: unknown) => error);
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
      object.abort();
      expect(await outcome).toBeInstanceOf(Error);
      await untilEnded();
    },
  );
});

describe('the option workerUrl', () => {
  it('may be a URL, its text, or a path', async () => {
    const url = builtWorkerUrl();
    for (const workerUrl of [url, url.href, url.pathname]) {
      const object = await open({ workerUrl });
      await object.write(rowGroup());
      await object.finish();
    }
    expect(threads.count).toEqual({ started: 3, running: 0 });
  });

  it.each([['a/relative/path.js'], ['https//nowhere'], [7]])('refuses %j', (workerUrl) => {
    const options = { workerUrl } as unknown as ParquetEncoderOptions;
    expect(() => parquetEncoder(options)).toThrow(/`workerUrl` must be/);
  });

  it.each([[new URL('file:///no/such/worker.js')], ['/no/such/worker.js'], [undefined]])(
    'needs a file that is there: %s',
    (workerUrl) => {
      const create = (): unknown => parquetEncoder({ workers: 1, workerUrl });
      expect(create).toThrow(/workers: 0/);
      expect(create).toThrow(/external/);
      expect(create).toThrow(/tracehaul\/parquet-worker/);
      expect(() => parquetEncoder({ workerUrl })).not.toThrow();
    },
  );

  it.each([-1, 65, 1.5, '2'])('workers: refuses %j', (workers) => {
    expect(() => parquetEncoder({ workers: workers as number })).toThrow(/`workers` must be/);
  });
});
