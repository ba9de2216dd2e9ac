import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { generateSpans, manualClock, startDataPlane, xactIdAt } from 'tracehaul/testing';
import type { DataPlane, DataPlaneOptions } from 'tracehaul/testing';

import { ask, getFrom, postTo } from '../support/plane-client.js';

const NOON = new Date('2026-03-01T12:00:00Z');
let clock = manualClock({ now: NOON });
let plane: DataPlane;
let projectId: string;
let from: string;

async function start(options: DataPlaneOptions = {}): Promise<void> {
  clock = manualClock({ now: NOON });
  plane = await startDataPlane({ clock, ...options });
  projectId = plane.createProject('checkout').id;
  from = `from: project_logs('${projectId}') spans`;
}

async function restart(options: DataPlaneOptions): Promise<void> {
  await plane.close();
  await start(options);
}

const insert = (...rows: Record<string, unknown>[]): string =>
  plane.insert('project_logs', projectId, rows).xactId;

beforeEach(() => start());
afterEach(() => plane.close());

describe('a query', () => {
  it('gives the rows that were inserted, with every key present and in order', async () => {
    const xactId = insert({ id: 'a', input: { n: 1 } });
    const { status, body } = await ask(plane, `select: * | ${from}`);
    expect(status).toBe(200);
    expect(body.data).toEqual(plane.liveRows('project_logs', projectId));
    const [row = {}] = body.data;
    expect(Object.keys(row)).toHaveLength(27);
    expect(Object.keys(row)).toEqual(Object.keys(row).sort());
    expect(row).toMatchObject({ id: 'a', _xact_id: xactId, is_root: true, log_id: 'g' });
  });

  it('pages by keyset through ties of a transaction without loss or repeat', async () => {
    insert(...Array.from({ length: 25 }, (_, i) => ({ id: `r${i}` })));
    await clock.advance(5000);
    insert({ id: 'z' });
    const seen: string[] = [];
    let [xact, id] = ['0', ''];
    for (;;) {
      const filter = `_xact_id >= '${xact}' and _xact_id < '${xactIdAt(new Date(NOON.getTime() + 60_000))}' and (_xact_id > '${xact}' or id > '${id}')`;
      const { body } = await ask(
        plane,
        `${from} | filter: ${filter} | sort: _xact_id asc, id asc | limit: 7`,
      );
      const last = body.data.at(-1);
      expect(body.cursor).toBeUndefined();
      if (last === undefined) break;
      seen.push(...body.data.map((row) => String(row['id'])));
      [xact, id] = [String(last['_xact_id']), String(last['id'])];
    }
    expect(seen).toEqual([...Array.from({ length: 25 }, (_, i) => `r${i}`).sort(), 'z']);
  });

  it.each([
    ['', [4, 3, 2, 1, 0]],
    ['| sort: _pagination_key asc', [0, 1, 2, 3, 4]],
    ['| sort: _xact_id desc', [4, 3, 2, 1, 0]],
    ['| sort: _xact_id', [0, 1, 2, 3, 4]],
  ])('pages by cursor with the sort %j', async (sort, order) => {
    insert({ id: '0' }, { id: '1' });
    await clock.advance(1000);
    insert({ id: '2' }, { id: '3' }, { id: '4' });
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body, headers } = await ask(plane, `${from} ${sort} | limit: 2 ${cursor}`);
      expect(headers.get('x-bt-cursor')).toBe(body.cursor ?? null);
      seen.push(...body.data.map((row) => Number(row['id'])));
      cursor = body.cursor === undefined ? '' : `| cursor: '${body.cursor}'`;
    } while (cursor !== '');
    expect(seen).toEqual(order);
  });

  it('with any other sort never gives a cursor and refuses one', async () => {
    insert({ id: 'a' }, { id: 'b' });
    const { body } = await ask(plane, `${from} | limit: 1`);
    const sorted = await ask(plane, `${from} | sort: created | limit: 1`);
    expect(sorted.body.data).toHaveLength(1);
    expect(sorted.body.cursor).toBeUndefined();
    const refused = await ask(plane, `${from} | sort: created | cursor: '${body.cursor}'`);
    expect(refused.status).toBe(400);
    expect((await ask(plane, `${from} | cursor: 'no cursor'`)).status).toBe(400);
  });

  it('sorts by several keys, null after everything else', async () => {
    insert(
      { id: 'a', scores: { s: 1 } },
      { id: 'b', scores: { s: 0 } },
      { id: 'c' },
      { id: 'd', scores: { s: 1 } },
    );
    const ids = async (sort: string): Promise<unknown> =>
      (await ask(plane, `select: id | ${from} | sort: ${sort}`)).body.data.map((row) => row['id']);
    expect(await ids('scores.s, id desc')).toEqual(['b', 'd', 'a', 'c']);
    expect(await ids('scores.s desc, id')).toEqual(['c', 'a', 'd', 'b']);
  });

  it('selects fields by alias, beside all others too', async () => {
    insert({ id: 'a', metadata: { model: 'small' }, span_attributes: { name: 'root' } });
    const some = await ask(plane, `select: metadata.model as m, id, name | ${from}`);
    expect(some.body.data).toEqual([{ id: 'a', m: 'small', name: 'root' }]);
    const all = await ask(plane, `select: *, metadata.model | ${from}`);
    expect(Object.keys(all.body.data[0] ?? {})).toHaveLength(28);
    expect((await ask(plane, `select: id, metadata.id | ${from}`)).status).toBe(400);
  });

  it('counts and finds extremes over all matching rows', async () => {
    const select = 'max(_xact_id) as version, count(*) as count, sum(metrics.n) as sum';
    const empty = await ask(plane, `select: ${select} | ${from}`);
    expect(empty.body.data).toEqual([{ count: 0, sum: null, version: null }]);
    insert(...Array.from({ length: 150 }, (_, n) => ({ id: String(n), metrics: { n } })));
    const version = insert({ id: 'last' });
    const { body } = await ask(plane, `SELECT ${select} FROM project_logs('${projectId}')`);
    expect(body.data).toEqual([{ count: 151, sum: (150 * 149) / 2, version }]);
  });

  it('of the shape traces gives every span of a trace with a match', async () => {
    insert(
      { id: 'a', root_span_id: 't1', span_id: 'a', error: 'bad' },
      { id: 'b', root_span_id: 't1', span_id: 'b', span_parents: ['a'] },
      { id: 'c', root_span_id: 't2', span_id: 'c' },
    );
    const query = `select: id | from: project_logs('${projectId}') traces | filter: error is not null | sort: id`;
    expect((await ask(plane, query)).body.data).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('reads several objects as one', async () => {
    const other = plane.createProject('other').id;
    insert({ id: 'a' });
    plane.insert('project_logs', other, [{ id: 'a' }]);
    insert({ id: 'b' });
    const query = `select: id, project_id | from: project_logs('${projectId}', '${other}') | sort: _xact_id, project_id, id`;
    expect((await ask(plane, query)).body.data).toEqual([
      { id: 'a', project_id: projectId },
      { id: 'a', project_id: other },
      { id: 'b', project_id: projectId },
    ]);
  });

  it('has 100 rows when it names no limit, and 1,000 at most', async () => {
    insert(...Array.from({ length: 1200 }, (_, i) => ({ id: String(i) })));
    expect((await ask(plane, from)).body.data).toHaveLength(100);
    expect((await ask(plane, `${from} | limit: 1000`)).body.data).toHaveLength(1000);
    expect((await ask(plane, `${from} | limit: 1001`)).status).toBe(400);
  });

  it('is warned of when nothing limits it, and refused when lint is strict', async () => {
    const { body } = await ask(plane, from);
    expect(body['warnings']).toMatchObject([{ code: 'missingSegmentEliminationSpecs' }]);
    const scoped = await ask(plane, `${from} | filter: created > '2026-01-01'`);
    expect(scoped.body['warnings']).toEqual([]);
    expect((await ask(plane, from, { lint_mode: 'strict' })).status).toBe(400);
  });

  it('in JSON Lines has one row a line, and its cursor in a header only', async () => {
    insert({ id: 'a' }, { id: 'b' });
    const { text, headers } = await ask(plane, `select: id | ${from}`, { fmt: 'jsonl' });
    expect(text).toBe('{"id":"b"}\n{"id":"a"}\n');
    expect(headers.get('x-bt-cursor')).not.toBeNull();
    const none = await ask(plane, `${from} | filter: id = 'x'`, { fmt: 'jsonl' });
    expect(none.text).toBe('');
  });

  it.each([
    [{ fmt: 'parquet' }, 'parquet'],
    [{ disable_limit: true }, 'disable_limit'],
    [{ relaxed_search_mode: true }, 'relaxed_search_mode'],
    [{ cursor: 'abc' }, 'cursor'],
    [{ surprise: 1 }, 'surprise'],
  ])('with the body %j is refused by name', async (more, name) => {
    const { status, text } = await ask(plane, from, more);
    expect(status).toBe(501);
    expect(text).toContain(name);
  });

  it('that is wrong is answered with the place of the fault, and with who asked', async () => {
    const { status, body } = await ask(plane, `${from} | filter: id = = 'x'`);
    expect(status).toBe(400);
    expect(body['Message']).toMatch(/^Brainstore btql\/query request failed 400 .*line 1, column/u);
    expect(body['Message']).toMatch(/ \[user_email=developer@example\.com\]/u);
  });

  it('of another source is refused by name', async () => {
    const { status, text } = await ask(plane, "from: prompt('x')");
    expect([status, text]).toEqual([501, expect.stringContaining('prompt')]);
  });
});

describe('access', () => {
  it('needs a known key on every path', async () => {
    for (const path of ['/btql', '/logs3', '/v1/project', '/api/apikey/login', '/nowhere']) {
      expect((await postTo(plane, path, { body: {}, key: 'sk-wrong' })).status).toBe(401);
    }
    expect((await fetch(`${plane.url}/version`)).status).toBe(401);
  });

  it('to a project is told apart only by the status', async () => {
    await restart({
      apiKeys: [
        { key: 'sk-all' },
        { key: 'sk-one', projects: ['checkout'], email: 'one@example.com' },
      ],
    });
    const secret = plane.createProject('secret').id;
    const answer = (id: string): ReturnType<typeof postTo> =>
      postTo(plane, '/btql', { key: 'sk-one', body: { query: `from: project_logs('${id}')` } });
    expect((await answer(projectId)).status).toBe(200);
    const forbidden = await answer(secret);
    const unknown = await answer('no-such-project');
    expect([forbidden.status, unknown.status]).toEqual([403, 400]);
    for (const { text } of [forbidden, unknown])
      expect(text).toMatch(
        /^Missing read access to project id \S+, or the project does not exist \[user_email=one@/u,
      );
    const listed = await getFrom(plane, '/v1/project', 'sk-one');
    expect(listed.body['objects']).toMatchObject([{ id: projectId, name: 'checkout' }]);
  });

  it('is limited over 60 seconds of the clock', async () => {
    await restart({ requestsPerMinute: 2 });
    expect((await ask(plane, from)).status).toBe(200);
    await clock.advance(20_500);
    expect((await ask(plane, from)).status).toBe(200);
    const refused = await ask(plane, from);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
    await clock.advance(39_500);
    expect((await ask(plane, from)).status).toBe(200);
    expect((await ask(plane, from)).status).toBe(429);
    expect(plane.requests.count({ path: '/btql', status: 429 })).toBe(2);
  });

  it('ends at the window of the plan', async () => {
    await restart({ planWindowDays: 14 });
    insert({ id: 'old', created: '2026-02-15T11:59:59Z' }, { id: 'new' });
    expect((await ask(plane, `select: id | ${from}`)).body.data).toEqual([{ id: 'new' }]);
    expect(plane.liveRows('project_logs', projectId)).toHaveLength(1);
    expect(plane.history).toHaveLength(2);
  });
});

describe('a big answer', () => {
  it('waits compressed on another origin, which refuses a key', async () => {
    await restart({ maxAnswerBytes: 20_000 });
    plane.insert('project_logs', projectId, generateSpans({ rows: 20 }));
    const { status, headers } = await ask(plane, `${from} | limit: 20`);
    const location = headers.get('location') ?? '';
    expect(status).toBe(303);
    expect(new URL(location).origin).not.toBe(plane.url);
    const leaking = await fetch(location, { headers: { authorization: 'Bearer leaked' } });
    expect(leaking.status).toBe(400);
    const response = await fetch(location);
    expect(response.headers.get('x-amz-meta-bt-cursor')).not.toBeNull();
    expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(20);
    expect((await fetch(location.replace(/.$/u, '!'))).status).toBe(403);
    await clock.advance(3_600_000);
    expect((await fetch(location)).status).toBe(403);
  });

  it('need not say that it is compressed', async () => {
    await restart({ maxAnswerBytes: 1, bigAnswerEncodingHeader: false });
    const { headers } = await ask(plane, from);
    const response = await fetch(headers.get('location') ?? '');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect([...new Uint8Array(await response.arrayBuffer()).slice(0, 2)]).toEqual([0x1f, 0x8b]);
  });
});
