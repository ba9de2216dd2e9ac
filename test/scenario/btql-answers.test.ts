import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { btqlSource } from '../../src/braintrust/btql/btql.js';
import type { BtqlSourceOptions } from '../../src/braintrust/btql/btql-options.js';
import type { Page, ProbeStep } from '../../src/interfaces/index.js';
import { quickClient } from '../support/braintrust.js';
import { reply, rowsReply, startScriptedServer } from '../support/scripted-server.js';
import type { Reply, ScriptedServer } from '../support/scripted-server.js';
import { readPages, rowsOf } from '../support/spans.js';

interface RecordedAnswer {
  readonly query: string;
  readonly date: string;
  readonly body: {
    readonly data: readonly Readonly<Record<string, unknown>>[];
    readonly [member: string]: unknown;
  };
}

const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/recorded-queries.json', import.meta.url), 'utf8'),
) as Readonly<Record<'sorted' | 'aggregated' | 'unsorted', RecordedAnswer>>;

const LOGS = `from: project_logs('p1')`;
const DATE = { date: 'Tue, 12 May 2026 23:49:00 GMT', 'content-type': 'application/json' };

interface SentQuery {
  readonly query: string & {
    readonly select: readonly { readonly alias: string }[];
    readonly filter: unknown;
    readonly sort: unknown;
    readonly limit: number;
  };
  readonly tz_offset?: number;
  readonly audit_log?: boolean;
}

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function pagesOf(
  query: BtqlSourceOptions['query'],
  more: Partial<BtqlSourceOptions> = {},
): Promise<Page[]> {
  return readPages(btqlSource({ client: quickClient(server.url), query, ...more }));
}

const sent = (): SentQuery[] => server.received.map(({ body }) => JSON.parse(body) as SentQuery);
const answerOf = ({ body, date }: RecordedAnswer, rows = body.data): Reply =>
  reply(200, JSON.stringify({ ...body, data: rows }), { ...DATE, date });
const empty = rowsReply([]);
const numbered = (count: number): object[] => Array.from({ length: count }, (_, n) => ({ n }));

describe('answers that the service gave:', () => {
  it('an aggregate is one snapshot, as it came', async () => {
    server.script(answerOf(recorded.aggregated));
    const pages = await pagesOf(recorded.aggregated.query);
    expect(pages.flatMap(rowsOf)).toEqual(recorded.aggregated.body.data);
    expect(sent().map(({ query }) => query)).toEqual([
      recorded.aggregated.query.replace(' FROM', '\nFROM') + '\nLIMIT 1000',
    ]);
  });

  it('sorted rows are asked for until no more come, as they came', async () => {
    server.script(answerOf(recorded.sorted), empty);
    const pages = await pagesOf(recorded.sorted.query);
    expect(pages.flatMap(rowsOf)).toEqual(recorded.sorted.body.data);
    const [first, second, count, torn] = sent();
    expect(first?.query.sort).toEqual([
      { expr: { btql: 'created' }, dir: 'asc' },
      { expr: { op: 'ident', name: ['project_id'] }, dir: 'asc' },
      { expr: { op: 'ident', name: ['id'] }, dir: 'asc' },
    ]);
    const last = recorded.sorted.body.data.at(-1);
    expect(JSON.stringify(second?.query.filter)).toContain(
      JSON.stringify({ op: 'literal', value: last?.['created'] }),
    );
    expect(second?.query.limit).toBe(998);
    expect(count?.query).toMatch(/^measures: count\(1\) as counted\nfrom: project_logs\('/);
    expect(JSON.stringify(torn?.query.filter)).toContain('_pagination_key');
    expect(server.received).toHaveLength(4);
  });

  it('unsorted rows of a few columns have these and no others', async () => {
    const { data } = recorded.unsorted.body;
    const projectId = /'([^']+)'/u.exec(recorded.unsorted.query)?.[1];
    const complete = data.map((row, at) => {
      return { ...row, _xact_id: '1000197156275705112', id: `s${at}`, project_id: projectId };
    });
    server.script(
      rowsReplyAt(recorded.unsorted.date),
      answerOf(recorded.unsorted, complete),
      empty,
    );
    const pages = await pagesOf(recorded.unsorted.query);
    expect(pages.flatMap(rowsOf)).toEqual(data);
    expect(sent()[1]?.query.select.map(({ alias }) => alias)).toEqual([
      'span_id',
      'span_parents',
      'root_span_id',
      'name',
      '_xact_id',
      'id',
      'project_id',
    ]);
  });
});

function rowsReplyAt(date: string): Reply {
  const body = JSON.stringify({ data: [], realtime_state: { type: 'on' } });
  return reply(200, body, { ...DATE, date });
}

describe('an answer that may be cut', () => {
  it.each([
    ['aggregates without a limit', `dimensions: a\nmeasures: count(1) as n\n${LOGS}`, 1_000],
    [
      'aggregates with a limit above that of answers',
      `SELECT a, count(1) AS n FROM project_logs('p') GROUP BY a LIMIT 5000`,
      1_000,
    ],
    ['a sample', `select: *\n${LOGS}\nsample: 50%`, 1_000],
    ['traces without a token after a full page', `select: *\n${LOGS} traces`, 1_000],
  ])('is never given: %s', async (_title, query, rows) => {
    server.script(rowsReply(numbered(rows)));
    await expect(pagesOf(query)).rejects.toMatchObject({ code: 'RESULT_TRUNCATED' });
  });

  it.each([
    ['fewer rows than were asked for', `dimensions: a\nmeasures: count(1) as n\n${LOGS}`, 999],
    [
      'as many as the query wants',
      `dimensions: a\nmeasures: count(1) as n\n${LOGS}\nlimit: 10`,
      10,
    ],
    ['as many traces as the query wants', `select: *\n${LOGS} traces\nlimit: 10`, 10],
  ])('is not one with %s', async (_title, query, rows) => {
    server.script(rowsReply(numbered(rows)));
    const pages = await pagesOf(query);
    expect(pages.flatMap(rowsOf)).toHaveLength(rows);
    expect(server.received).toHaveLength(1);
  });

  it('is one of rows sorted by several values that an answer of half the size fills', async () => {
    const query = `select: *\n${LOGS}\nsort: a, b\nlimit: 4`;
    server.script(
      reply(504, 'Endpoint request timed out'),
      rowsReply([1, 2].map((n) => ({ id: `r${n}`, project_id: 'p1' }))),
    );
    const read = readPages(btqlSource({ client: quickClient(server.url), query }), null, 4);
    await expect(read).rejects.toMatchObject({ code: 'RESULT_TRUNCATED' });
  });
});

describe('an answer of the service that is wrong', () => {
  it('repeats its token', async () => {
    server.script(rowsReply(numbered(3), { cursor: 'same' }));
    await expect(pagesOf(`select: *\n${LOGS} traces`)).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
    expect(server.received).toHaveLength(2);
  });

  it('gives a token that is none', async () => {
    server.script(rowsReply(numbered(3), { cursor: `x' | limit: 1` }));
    await expect(pagesOf(`select: *\n${LOGS} traces`)).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
    expect(server.received).toHaveLength(1);
  });

  it('says that there is more and gives nothing', async () => {
    server.script(rowsReply([], { cursor: 'more' }));
    await expect(pagesOf(`select: *\n${LOGS} summary`)).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
  });

  it('lacks its end', async () => {
    server.script(rowsReply(numbered(3), { realtime_state: { type: 'exhausted_timeout' } }));
    await expect(pagesOf(`dimensions: a\n${LOGS}`)).rejects.toMatchObject({
      code: 'SOURCE_BEHIND',
    });
  });

  it('does not go on after the last sorted row', async () => {
    const row = { id: 'r', project_id: 'p1', created: '2026-01-01T00:00:00Z' };
    server.script(rowsReply([row]));
    const query = `select: *\n${LOGS}\nsort: created\nlimit: 10`;
    await expect(pagesOf(query)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    expect(server.received).toHaveLength(2);
  });
});

describe('rows that changed while a snapshot was read', () => {
  it('need not be countable', async () => {
    server.script(rowsReplyAt(DATE.date), empty, reply(400, 'Unknown field _pagination_key'));
    const pages = await pagesOf(`select: *\n${LOGS}`, { mode: 'snapshot' });
    expect(pages).toHaveLength(1);
    expect(server.received).toHaveLength(3);
  });

  it('end the read when the service fails to count them', async () => {
    server.script(rowsReplyAt(DATE.date), empty, reply(403, '{"Code":"Forbidden"}'));
    const read = pagesOf(`select: *\n${LOGS}`, { mode: 'snapshot' });
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  });
});

describe('what is sent', () => {
  it('asks for no more rows than the query wants', async () => {
    server.script(rowsReplyAt(DATE.date), empty);
    await pagesOf(`select: *\n${LOGS}\nlimit: 5`);
    expect(sent()[1]?.query.limit).toBe(5);
  });

  it('holds the offset of time and the wish for the audit log', async () => {
    server.script(rowsReply(numbered(1)));
    const query = `dimensions: day(created) as day\n${LOGS}`;
    await pagesOf(query, { tzOffset: 480, auditLog: true });
    expect(sent()[0]).toMatchObject({ tz_offset: 480, audit_log: true });
    server.script(rowsReplyAt(DATE.date), empty);
    await pagesOf(`select: *\n${LOGS}`, { tzOffset: -60 });
    expect(sent().at(-1)).toMatchObject({ tz_offset: -60 });
  });

  it('has the query in clauses, without its comments', async () => {
    server.script(rowsReply(numbered(1)));
    await pagesOf(`-- calls a day
      dimensions: day(created) as day | measures: count(1) as calls
      ${LOGS}
      filter: a = 'it''s -- not a comment' -- but this is`);
    expect(sent()[0]?.query).toBe(
      `dimensions: day(created) as day\nmeasures: count(1) as calls\nfrom: project_logs('p1')\n` +
        `filter: a = 'it''s -- not a comment'\nlimit: 1000`,
    );
  });

  it('asks for a number of its sort that JavaScript would round as it was written', async () => {
    const row = (id: string): string =>
      `{"id":"${id}","project_id":"p1","_tracehaul_sort":9007199254740993}`;
    const body = `{"data":[${row('a')}],"realtime_state":{"type":"on"}}`;
    server.script(reply(200, body, DATE), empty);
    await pagesOf(`select: id\n${LOGS}\nsort: metrics.big\nlimit: 10`);
    expect(JSON.stringify(sent()[1]?.query.filter)).toContain('{"btql":"9007199254740993"}');
  });

  it('cuts values to a length where the query does', async () => {
    server.script(rowsReplyAt(DATE.date), empty);
    await pagesOf(`select: *\n${LOGS}\npreview_length: -1`);
    expect(sent()[1]?.query).toMatchObject({ preview_length: -1 });
  });
});

describe('test()', () => {
  const stepsOf = async (query: string): Promise<ProbeStep[]> => {
    const steps: ProbeStep[] = [];
    const source = btqlSource({ client: quickClient(server.url), query });
    for await (const step of source.probe?.() ?? []) steps.push(step);
    return steps;
  };

  it('says how a query is read, and why', async () => {
    server.script(rowsReplyAt(DATE.date));
    const [incremental] = await stepsOf(`select: *\n${LOGS}`);
    expect(incremental).toMatchObject({ step: 'mode', outcome: 'passed' });
    expect(incremental?.detail).toMatch(/^incremental: /u);
    const [snapshot, query] = await stepsOf(`select: *\n${LOGS}\nsort: created`);
    expect(snapshot?.detail).toMatch(/^snapshot: .+ because it sorts rows\.$/u);
    expect(query).toMatchObject({ step: 'query', outcome: 'passed' });
  });

  it('fails the step of a query that the service refuses', async () => {
    server.script(reply(400, 'Unknown field "b"'));
    const [, query] = await stepsOf(`select: b\n${LOGS}\nlimit: 3`);
    expect(query).toMatchObject({ step: 'query', outcome: 'failed' });
    expect(query?.detail).toContain('Unknown field');
  });
});
