import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { generateSpans, manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

import { ask } from '../support/plane-client.js';

const clock = manualClock({ now: new Date('2026-03-01T12:00:00Z') });
let plane: DataPlane;
let projectId: string;
let from: string;

beforeEach(async () => {
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
  from = `from: project_logs('${projectId}') spans`;
});
afterEach(() => plane.close());

const insert = (...rows: JsonRow[]): unknown => plane.insert('project_logs', projectId, rows);

async function rowsOf(query: string, more: object = {}): Promise<readonly JsonRow[]> {
  const { status, text, body } = await ask(plane, query, more);
  expect([status, text]).toEqual([200, expect.anything()]);
  return body.data;
}

/** Rows of two models, one without, and scores whose means are exact. */
function insertModels(): void {
  insert(
    { id: 'e', root_span_id: 't3' },
    { id: 'c', metadata: { model: 'n' }, scores: { s: 1 }, error: 'bad', root_span_id: 't2' },
    { id: 'd', metadata: { model: 'n' }, root_span_id: 't2' },
    { id: 'a', metadata: { model: 'm' }, scores: { s: 0.25 }, tags: ['x'], root_span_id: 't1' },
    { id: 'b', metadata: { model: 'm' }, scores: { s: 0.75 }, root_span_id: 't1' },
  );
}

describe('groups', () => {
  it.each<[string, unknown]>([
    ['count(1)', [2, 2, 1]],
    ['count(*)', [2, 2, 1]],
    ['count(scores.s)', [2, 1, 0]],
    ['count_distinct(root_span_id)', [1, 1, 1]],
    ['count_distinct(scores.s)', [2, 1, 0]],
    ['sum(scores.s)', [1, 1, null]],
    ['avg(scores.s)', [0.5, 1, null]],
    ['min(scores.s)', [0.25, 1, null]],
    ['max(id)', ['b', 'd', 'e']],
    ['percentile(scores.s, 0.5)', [0.5, 1, null]],
    ['percentile(scores.s, 0)', [0.25, 1, null]],
    ['any_value(error)', [null, 'bad', null]],
    ['sum(error is not null)', [0, 1, 0]],
    ['sum(scores.s) / count(1)', [0.5, 0.5, null]],
    ['coalesce(max(scores.s), 0) + 1', [1.75, 2, 1]],
  ])('have the measure %s', async (measure, expected) => {
    insertModels();
    const query = `dimensions: metadata.model as model | measures: ${measure} as value | ${from}`;
    const rows = await rowsOf(query);
    expect(rows.map((row) => row['model'])).toEqual(['m', 'n', null]);
    expect(rows.map((row) => row['value'])).toEqual(expected);
  });

  it('are what plain counting gives, over a thousand spans', async () => {
    insert(...generateSpans({ rows: 1000, size: 'small' }));
    const counts = new Map<unknown, { count: number; tokens: number }>();
    for (const row of plane.liveRows('project_logs', projectId)) {
      const type = (row['span_attributes'] as JsonRow | null)?.['type'] ?? null;
      const tokens = (row['metrics'] as JsonRow | null)?.['tokens'];
      const group = counts.get(type) ?? { count: 0, tokens: 0 };
      counts.set(type, {
        count: group.count + 1,
        tokens: group.tokens + (typeof tokens === 'number' ? tokens : 0),
      });
    }
    const rows = await rowsOf(
      `SELECT span_attributes.type AS type, count(1) AS count, coalesce(sum(metrics.tokens), 0) AS tokens
       FROM project_logs('${projectId}', shape => 'spans') GROUP BY type`,
    );
    expect(counts.size).toBeGreaterThan(2);
    expect(new Map(rows.map(({ type, ...rest }) => [type, rest]))).toEqual(counts);
  });

  it('can be filtered, sorted by alias and place, and cut', async () => {
    insertModels();
    const query = (rest: string): string =>
      `SELECT metadata.model AS model, count(1) AS n, avg(scores.s) FROM project_logs('${projectId}') ${rest}`;
    const modelsOf = async (rest: string): Promise<unknown> =>
      (await rowsOf(query(rest).replace('avg(scores.s)', 'avg(scores.s) AS mean'))).map(
        (row) => row['model'],
      );
    expect(await modelsOf('GROUP BY 1')).toEqual(['m', 'n', null]);
    expect(await modelsOf('GROUP BY metadata.model ORDER BY model DESC')).toEqual([null, 'n', 'm']);
    expect(await modelsOf('GROUP BY model ORDER BY 2, avg(scores.s) DESC')).toEqual([
      null,
      'n',
      'm',
    ]);
    expect(await modelsOf('GROUP BY model HAVING n > 1 AND mean < 1')).toEqual(['m']);
    expect(await modelsOf("WHERE id != 'e' GROUP BY model LIMIT 1")).toEqual(['m']);
    expect((await ask(plane, query('GROUP BY model'))).text).toContain('alias');
  });

  it('come in the order of their dimensions when no other is asked for', async () => {
    insert(...['z', 'a', 'm'].map((model, at) => ({ id: String(at), metadata: { model } })));
    const rows = await rowsOf(`dimensions: metadata.model as model | ${from}`);
    expect(rows.map((row) => row['model'])).toEqual(['a', 'm', 'z']);
  });

  it('without a dimension are one, even of no rows; with one there are none of no rows', async () => {
    expect(await rowsOf(`measures: count(1) as n, avg(scores.s) as mean | ${from}`)).toEqual([
      { n: 0, mean: null },
    ]);
    expect(await rowsOf(`dimensions: id | measures: count(1) as n | ${from}`)).toEqual([]);
    expect(await rowsOf(`dimensions: id | ${from}`)).toEqual([]);
  });

  it('of the default limit are cut to 100, as rows are', async () => {
    insert(...Array.from({ length: 150 }, (_, i) => ({ id: String(i) })));
    const query = `dimensions: id | measures: count(1) as n | ${from}`;
    expect(await rowsOf(query)).toHaveLength(100);
    expect(await rowsOf(`${query} | limit: 1000`)).toHaveLength(150);
  });

  it('of traces and of summaries count what these shapes hold', async () => {
    insertModels();
    const counted = async (shape: string): Promise<unknown> => {
      const source = `from: project_logs('${projectId}') ${shape}`;
      return rowsOf(`measures: count(1) as n | ${source} | filter: error is not null`);
    };
    expect(await counted('spans')).toEqual([{ n: 1 }]);
    expect(await counted('traces')).toEqual([{ n: 2 }]);
    insert({ id: 'r', span_id: 't2', root_span_id: 't2', scores: { s: 0 } });
    const query = `SELECT count(1) AS n, avg(scores.s) AS mean FROM project_logs('${projectId}', shape => 'summary') WHERE root_span_id = 't2'`;
    expect(await rowsOf(query)).toEqual([{ n: 1, mean: 0.5 }]);
  });

  it('follow the days of the caller', async () => {
    insert(
      { id: 'a', created: '2026-02-01T07:59:59Z' },
      { id: 'b', created: '2026-02-01T08:00:00Z' },
    );
    const query = `dimensions: date_trunc('day', created) as day | measures: count(1) as n | ${from}`;
    const utc = { day: '2026-02-01T00:00:00.000Z', n: 2 };
    expect(await rowsOf(query)).toEqual([utc]);
    expect(await rowsOf(query, { tz_offset: 480 })).toEqual([
      { day: '2026-01-31T08:00:00.000Z', n: 1 },
      { day: '2026-02-01T08:00:00.000Z', n: 1 },
    ]);
    expect((await ask(plane, query, { tz_offset: 'PST' })).status).toBe(400);
  });

  it.each([
    ['select: id, count(1) as n', 400, 'id must be a dimension'],
    ['dimensions: id | measures: input', 400, 'input must be a dimension'],
    ['measures: sum(count(1)) as n', 400, 'another aggregate'],
    ['measures: percentile(scores.s) as p', 400, 'between 0 and 1'],
    ['measures: percentile(scores.s, 95) as p', 400, 'between 0 and 1'],
    ['measures: sum(*) as n', 400, 'count()'],
    ['measures: count(1) as n, count(1) as n', 400, 'alias'],
    ['measures: count(1) as n | sort: 7', 400, '7'],
    ["measures: count(1) as n | cursor: 'AAAAAAAAAAA'", 501, 'cursor'],
  ])('that make no sense are refused: %s', async (clauses, status, name) => {
    const answer = await ask(plane, `${clauses} | ${from}`);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(name)]);
  });
});

describe('a query in text', () => {
  it('may name what its select list calls something, in filter and sort', async () => {
    insertModels();
    const sql = `SELECT id, metadata.model FROM project_logs('${projectId}') WHERE model = 'm' ORDER BY model, id DESC`;
    expect(await rowsOf(sql)).toEqual([
      { id: 'b', model: 'm' },
      { id: 'a', model: 'm' },
    ]);
    const btql = `select: scores.s as error, id | ${from} | filter: error is not null`;
    expect(await rowsOf(btql)).toEqual([{ error: 1, id: 'c' }]);
  });

  it('takes double quotes for text where no field has the name', async () => {
    insertModels();
    const filter = 'metadata.model = "m" and id like "%a%"';
    expect(
      await rowsOf(
        `select: id, (error is null ? "good" : "bad") as grade | ${from} | filter: ${filter}`,
      ),
    ).toEqual([{ grade: 'good', id: 'a' }]);
    expect(await rowsOf(`select: "id" | ${from} | filter: "id" = 'b'`)).toEqual([{ id: 'b' }]);
  });

  it('pages in SQL with a cursor in OFFSET', async () => {
    insertModels();
    const sql = `SELECT id FROM project_logs('${projectId}') LIMIT 3`;
    const { body } = await ask(plane, sql);
    expect(body.data).toHaveLength(3);
    expect(await rowsOf(`${sql} OFFSET '${body.cursor}'`)).toHaveLength(2);
    expect((await ask(plane, `${sql} OFFSET 3`)).status).toBe(400);
  });

  it('sorts by any expression, and then never gives a cursor', async () => {
    insertModels();
    const query = `select: id | ${from} | sort: coalesce(scores.s, 0) * -1, id | limit: 2`;
    const { body } = await ask(plane, query);
    expect(body.data).toEqual([{ id: 'c' }, { id: 'b' }]);
    expect(body.cursor).toBeUndefined();
  });

  it('takes audit_log, and fields and functions of spans', async () => {
    insert({
      id: 'a',
      metrics: { estimated_cost: 0.125 },
      output: '{"x":7}',
      created: '2026-02-01T00:00:00Z',
    });
    const select =
      "estimated_cost() as cost, json_extract(output, 'x') as x, round(2.345, 1) as r, to_string(metrics) as t";
    expect(await rowsOf(`select: ${select} | ${from}`, { audit_log: true })).toEqual([
      { cost: 0.125, r: 2.3, t: '{"estimated_cost":0.125}', x: 7 },
    ]);
    const recent = `select: id | ${from} | filter: created > now() - interval 27 day`;
    expect(await rowsOf(recent)).toEqual([]);
    expect(await rowsOf(recent.replace('27', '29'))).toEqual([{ id: 'a' }]);
  });

  it.each([
    ["SELECT * FROM project_logs('{id}') WHERE tags INCLUDES 'x'", 400, 'BTQL'],
    ["SELECT * FROM project_dataset('{id}', '{id}')", 400, 'project_dataset'],
    ["SELECT * FROM project_logs('{id}') a JOIN b", 400, 'A is not a clause'],
    ["SELECT * FROM project_logs('{id}') UNION SELECT 1", 501, 'UNION'],
    ["SELECT * FROM project_logs('{id}') LIMIT 1001", 400, '1000'],
    ["SELECT to_interval(id) AS i FROM project_logs('{id}')", 501, 'to_interval'],
    ["from: project_logs('{id}') | sample: 10", 501, 'sample'],
  ])('is refused by name: %s', async (query, status, name) => {
    const answer = await ask(plane, query.replaceAll('{id}', projectId));
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(name)]);
  });
});
