import { afterEach, describe, expect, it } from 'vitest';

import { spansSource } from '../../src/braintrust/spans/spans.js';
import type { Page } from '../../src/interfaces/index.js';
import type { PlaneFault } from '../../src/testing/plane/faults.js';
import { quickClient } from '../support/braintrust.js';
import { reply, rowsReply, startScriptedServer } from '../support/scripted-server.js';
import type { Reply, ScriptedServer } from '../support/scripted-server.js';
import { readPages, rowsOf, spanEvents, startWorld, versionsOf } from '../support/spans.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const DATE = { date: 'Sun, 01 Mar 2026 12:00:00 GMT' };
const SECOND = Date.parse('2026-03-01T11:00:00Z') / 1000;
const xact = (counter: number): string =>
  String((0x0de1n << 48n) | (BigInt(SECOND) << 16n) | BigInt(counter));

/** A server that answers the clock, then the given rows, then nothing. */
async function serveRows(
  ...pages: readonly (readonly object[] | Reply)[]
): Promise<ScriptedServer> {
  const clock = reply(200, '{"data":[]}', DATE);
  const replies = pages.map((page) => (typeof page === 'function' ? page : rowsReply(page)));
  const server = await startScriptedServer(clock, ...replies, rowsReply([]));
  closers.push(() => server.close());
  return server;
}

const read = async (server: ScriptedServer, pageSize = 3): Promise<Page[]> =>
  await readPages(spansSource({ client: quickClient(server.url), projectId: 'p' }), null, pageSize);

describe('a read whose answers fail on the way', () => {
  it.each<PlaneFault>([
    { kind: 'reset' },
    { kind: 'lost-answer' },
    { kind: 'cut', declared: 'full' },
    { kind: 'cut', declared: 'half' },
    { kind: 'html-403' },
    { kind: 'gzip-without-header' },
    { kind: 'status', status: 429, retryAfterSeconds: 7 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 504 },
  ])('($kind $status $declared) gives every row once all the same', async (fault) => {
    const world = await startWorld();
    closers.push(() => world.plane.close());
    const projectId = world.plane.createProject('any').id;
    world.plane.insert('project_logs', projectId, spanEvents(30));
    world.pass(300);
    const source = world.source({ projectId });
    const whole = versionsOf(await readPages(source));
    const pages: Page[] = [];
    for await (const page of source.read({ cursor: null, pageSize: 8 })) {
      pages.push(page);
      world.plane.control.fail(fault);
    }
    expect(versionsOf(pages)).toEqual(whole);
  });

  it('(wrong shape) ends at once, and the next read goes on', async () => {
    const world = await startWorld();
    closers.push(() => world.plane.close());
    const projectId = world.plane.createProject('any').id;
    world.plane.insert('project_logs', projectId, spanEvents(3));
    world.pass(300);
    world.plane.control.fail({ kind: 'wrong-shape' });
    await expect(readPages(world.source({ projectId }))).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
    expect(versionsOf(await readPages(world.source({ projectId })))).toHaveLength(3);
  });

  it('takes answers from another origin, compressed or not said to be', async () => {
    for (const bigAnswerEncodingHeader of [true, false]) {
      const world = await startWorld({ maxAnswerBytes: 500, bigAnswerEncodingHeader });
      closers.push(() => world.plane.close());
      const projectId = world.plane.createProject('any').id;
      world.plane.insert('project_logs', projectId, spanEvents(30));
      world.pass(300);
      expect(versionsOf(await readPages(world.source({ projectId })))).toHaveLength(30);
    }
  });
});

describe('an answer is refused', () => {
  const row = (counter: number, id: string | null, project = 'p'): object => ({
    id,
    _xact_id: xact(counter),
    project_id: project,
  });

  it.each([
    ['whose rows are out of order', [row(2, 'a'), row(1, 'b')], /does not go on.*row 1/],
    ['whose ids are out of order', [row(1, 'b'), row(1, 'a')], /does not go on.*row 1/],
    ['with a row twice', [row(1, 'a'), row(1, 'a')], /does not go on.*row 1/],
    ['with a row of another project', [row(1, 'a', 'q')], /another project.*row 0/],
    ['with a row without _xact_id', [row(1, 'a'), { id: 'b' }], /without `_xact_id`.*row 1/],
    ['with a row outside of the range', [{ id: 'a', _xact_id: '9'.repeat(19) }], /outside.*row 0/],
    ['with more rows than asked for', [1, 2, 3, 4].map((n) => row(n, 'a')), /4 rows where 3/],
    ['with only rows without id', [1, 1, 1].map((n) => row(n, null)), /without `id`/],
  ])('%s', async (_, rows, message) => {
    const failed = read(await serveRows(rows));
    await expect(failed).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    await expect(failed).rejects.toThrow(message);
  });

  it('that is empty and says there is more', async () => {
    const server = await serveRows(rowsReply([], { cursor: 'more' }));
    await expect(read(server)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('without a clock', async () => {
    const server = await startScriptedServer((response) => {
      response.sendDate = false;
      response.end('{"data":[]}');
    });
    closers.push(() => server.close());
    await expect(read(server)).rejects.toThrow(/`Date`/);
  });
});

describe('rows without an id', () => {
  it('are given, and the read goes on behind them', async () => {
    const row = (counter: number, id: string | null): object => ({ id, _xact_id: xact(counter) });
    const server = await serveRows(
      [row(1, 'a'), row(2, null), row(2, null)],
      [row(2, null), row(2, null), row(2, 'b')],
      [row(3, 'c')],
    );
    const pages = await read(server);
    expect(pages.flatMap(rowsOf).map((each) => each['id'])).toEqual(['a', null, null, 'b', 'c']);
    expect(pages.map((page) => page.cursorAfter !== undefined)).toEqual([
      false,
      false,
      true,
      false,
    ]);
    const asked = server.received.map((request) => request.body);
    expect(asked[2]).toContain(`"value":"a"`);
    expect(asked[3]).toContain(`"value":"b"`);
  });
});
