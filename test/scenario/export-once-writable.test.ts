import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { manualClock, scriptedSource, type ScriptedSource } from '../../src/entries/testing.js';
import { SourceError } from '../../src/errors/index.js';
import { exportOnce, type ExportOnceResult, type Row } from '../../src/index.js';

const encoder = jsonlEncoder({ compression: 'none' });
const PAGES = 40;
const TEXT = 'x'.repeat(1_000);

/** Forty pages of fifty rows, some 50 KB each. */
function pages(...last: readonly Error[]): ScriptedSource {
  const page = (number: number): Row[] =>
    Array.from({ length: 50 }, (_, index) => ({ id: `${number}-${index}`, text: TEXT }));
  const all = Array.from({ length: PAGES }, (_, number) => ({ rows: page(number) }));
  return scriptedSource([...all, ...last]);
}

/** Keeps what it takes, one piece at a time. */
class Keeper extends Writable {
  readonly pieces: Buffer[] = [];
  override _write(piece: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.pieces.push(piece);
    setImmediate(done);
  }
}

function expectWhole(result: ExportOnceResult, bytes: Uint8Array): void {
  expect(result).toMatchObject({
    rows: PAGES * 50,
    key: null,
    complete: true,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
}

/** Lets the event loop turn until `isTrue`. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns += 1) {
    if (turns > 10_000) throw new Error('it never became true');
    await turn();
  }
}

describe('a writable of Node', () => {
  it('gets every byte, and has ended when the export resolves', async () => {
    const writable = new Keeper();
    const result = await exportOnce({ source: pages(), encoder, writable });
    expectWhole(result, Buffer.concat(writable.pieces));
    expect(writable.writableFinished).toBe(true);
  });

  it('that takes nothing lets the source rest', async () => {
    const writable = new PassThrough({ highWaterMark: 60_000 });
    const source = pages();
    const given = exportOnce({ source, encoder, writable });
    await until(() => writable.writableNeedDrain);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect(source.pagesGiven).toBeLessThan(6);
    const pieces: Buffer[] = [];
    for await (const piece of writable) pieces.push(piece as Buffer);
    expectWhole(await given, Buffer.concat(pieces));
  });

  it('that takes nothing for too long ends the export, and is destroyed', async () => {
    const runtime = manualClock();
    const writable = new PassThrough({ highWaterMark: 1_000 });
    writable.on('error', () => undefined);
    const source = pages();
    const given = exportOnce({ source, encoder, writable, runtime, stallTimeoutMs: 1_000 });
    const failed = expect(given).rejects.toMatchObject({ code: 'WRITABLE_FAILED' });
    await until(() => writable.writableNeedDrain && runtime.sleepers > 0);
    await runtime.advance(1_000);
    // The time for closing the source is a sleep too; it is given up when the source has closed.
    await failed;
    expect([writable.destroyed, source.openReads]).toEqual([true, 0]);
  });

  it('that fails half-way ends the export with its error as the cause', async () => {
    const cause = new Error('disk');
    const writable = new Writable({
      write: (_piece, _encoding, done) => setImmediate(() => done(cause)),
    });
    const given = exportOnce({ source: pages(), encoder, writable });
    await expect(given).rejects.toMatchObject({ code: 'WRITABLE_FAILED', cause });
  });

  it('that fails at its very end ends the export', async () => {
    const cause = new Error('flush');
    const writable = new Writable({
      write: (_piece, _encoding, done) => done(),
      final: (done) => done(cause),
    });
    const given = exportOnce({ source: pages(), encoder, writable });
    await expect(given).rejects.toMatchObject({ code: 'WRITABLE_FAILED', cause });
  });

  it('that somebody else ends early ends the export', async () => {
    const writable = new Keeper();
    const given = exportOnce({
      source: pages(),
      encoder,
      writable,
      onProgress: ({ pages: read }) => void (read === 3 && writable.end()),
    });
    await expect(given).rejects.toMatchObject({ code: 'WRITABLE_FAILED' });
  });

  it('is destroyed with the reason when the source fails, and never ends', async () => {
    const failure = new SourceError('SOURCE_UNAVAILABLE', 'gone');
    const writable = new Keeper();
    const given = exportOnce({ source: pages(failure), encoder, writable });
    await expect(given).rejects.toBe(failure);
    expect(writable.writableFinished).toBe(false);
    expect(writable.errored).toBe(failure);
  });

  it('is destroyed by an abort while it takes nothing', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const writable = new PassThrough({ highWaterMark: 1_000 });
    const given = exportOnce({ source: pages(), encoder, writable, signal: abort.signal });
    given.catch(() => undefined);
    await until(() => writable.writableNeedDrain);
    abort.abort(reason);
    await expect(given).rejects.toBe(reason);
    expect(writable.errored).toBe(reason);
  });

  it('that is closed already is refused', async () => {
    const writable = new Keeper();
    writable.end();
    const given = exportOnce({ source: pages(), encoder, writable });
    await expect(given).rejects.toThrow(/`writable` is closed already/);
  });
});

describe('an HTTP download', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** A server whose answer is the export; `outcome` is how that ended. */
  async function serve(source: ScriptedSource) {
    let settle = (_outcome: unknown): void => undefined;
    const outcome = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': encoder.contentType });
      const given = exportOnce({ source, encoder, writable: response });
      given.then(settle, settle);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, outcome };
  }

  it('is whole', async () => {
    const { url, outcome } = await serve(pages());
    const body = new Uint8Array(await (await fetch(url)).arrayBuffer());
    expectWhole((await outcome) as ExportOnceResult, body);
  });

  it('is visibly broken for the client when the source fails', async () => {
    const { url, outcome } = await serve(pages(new SourceError('SOURCE_UNAVAILABLE', 'gone')));
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
    expect(await outcome).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('ends when the client goes away', async () => {
    const source = pages();
    const { url, outcome } = await serve(source);
    const abort = new AbortController();
    const answer = await fetch(url, { signal: abort.signal });
    await answer.body!.getReader().read();
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'WRITABLE_FAILED' });
    expect(source.openReads).toBe(0);
  });
});

describe('a writable of the web', () => {
  it('gets every byte, and is closed when the export resolves', async () => {
    const pieces: Uint8Array[] = [];
    let isClosed = false;
    const writable = new WritableStream<Uint8Array>({
      write: (piece) => void pieces.push(piece),
      close: () => void (isClosed = true),
    });
    const result = await exportOnce({ source: pages(), encoder, writable });
    expectWhole(result, Buffer.concat(pieces));
    expect(isClosed).toBe(true);
  });

  it('that takes nothing lets the source rest', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const source = pages();
    const given = exportOnce({ source, encoder, writable });
    await until(() => source.pagesGiven > 0);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect(source.pagesGiven).toBeLessThan(4);
    const body = new Uint8Array(await new Response(readable).arrayBuffer());
    expectWhole(await given, body);
  });

  it('that fails half-way ends the export with its error as the cause', async () => {
    const cause = new Error('disk');
    const writable = new WritableStream<Uint8Array>({ write: () => Promise.reject(cause) });
    const given = exportOnce({ source: pages(), encoder, writable });
    await expect(given).rejects.toMatchObject({ code: 'WRITABLE_FAILED', cause });
  });

  it('is aborted with the reason when the source fails', async () => {
    const failure = new SourceError('SOURCE_UNAVAILABLE', 'gone');
    let reason: unknown;
    const writable = new WritableStream<Uint8Array>({ abort: (given) => void (reason = given) });
    await expect(exportOnce({ source: pages(failure), encoder, writable })).rejects.toBe(failure);
    expect(reason).toBe(failure);
  });

  it('that is locked is refused', async () => {
    const writable = new WritableStream<Uint8Array>();
    writable.getWriter();
    const given = exportOnce({ source: pages(), encoder, writable });
    await expect(given).rejects.toThrow(/locked to another writer/);
  });
});
