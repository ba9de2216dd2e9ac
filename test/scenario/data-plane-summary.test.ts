import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { generateSpans, manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

import { plainSummary } from '../support/plain-summary.js';
import { ask } from '../support/plane-client.js';

const clock = manualClock({ now: new Date('2026-03-01T12:00:00Z') });
let plane: DataPlane;
let projectId: string;
let from: string;

beforeEach(async () => {
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
  from = `from: project_logs('${projectId}') summary`;
});
afterEach(() => plane.close());

const insert = (...rows: JsonRow[]): string => plane.insert('project_logs', projectId, rows).xactId;

/** A root and a child of one trace. */
const trace = (name: string, root: JsonRow = {}, child: JsonRow = {}): JsonRow[] => [
  { id: `${name}-root`, span_id: name, root_span_id: name, ...root },
  { id: `${name}-child`, span_id: `${name}c`, root_span_id: name, span_parents: [name], ...child },
];

async function rowsOf(query: string): Promise<readonly JsonRow[]> {
  const { status, text, body } = await ask(plane, query);
  expect([status, text]).toEqual([200, expect.anything()]);
  return body.data;
}

const rootsOf = async (query: string): Promise<readonly unknown[]> =>
  (await rowsOf(query)).map((row) => row['root_span_id']);

describe('a summary', () => {
  it('has one row for each trace, as plain sums over its spans', async () => {
    plane.insert('project_logs', projectId, generateSpans({ traces: 40 }));
    const spans = plane.liveRows('project_logs', projectId);
    const rows = await rowsOf(`${from} | preview_length: -1 | limit: 1000`);
    expect(rows).toHaveLength(40);
    const byRoot = new Map<unknown, JsonRow[]>();
    for (const span of spans)
      byRoot.set(span['root_span_id'], [...(byRoot.get(span['root_span_id']) ?? []), span]);
    for (const row of rows) {
      const { metrics, scores, ...rest } =
        plainSummary(byRoot.get(row['root_span_id']) ?? []) ?? {};
      expect(row).toMatchObject(rest);
      expectClose(row['metrics'], metrics);
      expectClose(row['scores'], scores);
    }
  });

  it('has the names that are known, and those of its root where nothing is summed', async () => {
    const root = { input: 'q', output: 'a', expected: 'e', error: 'bad', metadata: { m: 1 } };
    const xactId = insert(...trace('t', { ...root, span_attributes: { name: 'n', type: 'task' } }));
    const [row = {}] = await rowsOf(from);
    expect(row).toMatchObject({ ...root, id: 't-root', _xact_id: xactId, project_id: projectId });
    expect(row['span_type_info']).toEqual({
      name: 'n',
      type: 'task',
      cached: false,
      has_error: true,
    });
    expect(Object.keys(row)).toHaveLength(14);
    expect(Object.keys(row)).toEqual(Object.keys(row).sort());
  });

  it('of an experiment names it, and one of a dataset is refused', async () => {
    const { id } = plane.createExperiment(projectId, 'run');
    plane.insert('experiment', id, trace('t', { scores: { s: 0 } }, { scores: { s: 1 } }));
    const rows = await rowsOf(`from: experiment('${id}') summary`);
    expect(rows).toMatchObject([{ experiment_id: id, scores: { s: 0.5 } }]);
    const dataset = plane.createDataset(projectId, 'd').id;
    const refused = await ask(plane, `from: dataset('${dataset}') summary`);
    expect([refused.status, refused.text]).toEqual([501, expect.stringContaining('summary')]);
  });

  it('does not exist while the root is not there', async () => {
    const [root = {}, child = {}] = trace('t');
    insert(child);
    expect(await rowsOf(from)).toEqual([]);
    insert(root);
    expect(await rootsOf(from)).toEqual(['t']);
    insert({ id: 't-root', _object_delete: true });
    expect(await rowsOf(from)).toEqual([]);
  });

  it('of a trace with several roots goes by the one that the trace is named after', async () => {
    insert({ id: 'first', span_id: 'x', root_span_id: 't' }, ...trace('t'));
    expect(await rowsOf(`select: id | ${from}`)).toEqual([{ id: 't-root' }]);
    insert({ id: 't-root', _object_delete: true });
    expect(await rowsOf(`select: id | ${from}`)).toEqual([{ id: 'first' }]);
  });

  it('follows late spans, feedback and deletions', async () => {
    insert(...trace('t', { scores: { s: 1 } }));
    const scoresOf = async (): Promise<unknown> => (await rowsOf(from))[0]?.['scores'];
    expect(await scoresOf()).toEqual({ s: 1 });
    insert({ id: 'late', root_span_id: 't', span_parents: ['t'], scores: { s: 0, u: null } });
    expect(await scoresOf()).toEqual({ s: 0.5 });
    insert({ id: 't-root', _is_merge: true, scores: { s: 0 } });
    expect(await scoresOf()).toEqual({ s: 0 });
    insert({ id: 'late', _object_delete: true }, { id: 't-root', _is_merge: true, scores: null });
    expect(await scoresOf()).toBeNull();
  });
});

describe('long values of a summary', () => {
  const long = 'ä'.repeat(200);

  it.each<[string, number]>([
    ['', 124],
    ['| preview_length: 10', 10],
    ['| preview_length: 0', 0],
    ['| preview_length: -1', 200],
  ])('with the clause %j are cut after %i characters', async (clause, length) => {
    insert(...trace('t', { input: long, output: { text: long }, error: long, expected: long }));
    const [row = {}] = await rowsOf(`${from} ${clause}`);
    for (const name of ['input', 'error', 'expected']) expect(row[name]).toBe('ä'.repeat(length));
    const whole = { text: long };
    const text = JSON.stringify(whole).slice(0, length);
    expect(row['output']).toEqual(length === 200 ? whole : text);
  });

  it('are whole where something inside is asked for, and spans are cut only when asked', async () => {
    insert(...trace('t', { metadata: { long } }));
    expect(await rowsOf(`select: metadata.long | ${from}`)).toEqual([{ long }]);
    const spans = `from: project_logs('${projectId}') spans | filter: id = 't-root'`;
    expect((await rowsOf(spans))[0]?.['metadata']).toEqual({ long });
    const [cut = {}] = await rowsOf(`${spans} | preview_length: 5`);
    expect(cut['metadata']).toBe('{"lon');
  });
});

describe('a filter on traces', () => {
  beforeEach(() => {
    insert(...trace('a', { tags: ['x'] }, { error: 'bad' }));
    insert(...trace('b', { tags: ['x'], error: 'bad' }));
    insert(...trace('c', {}, { error: 'bad' }));
  });

  it.each<[string, readonly string[]]>([
    ['error is not null', ['c', 'b', 'a']],
    ["tags includes 'x' and error is not null", ['b']],
    ["any_span(tags includes 'x') and any_span(error is not null)", ['b', 'a']],
    ["any_span(tags includes 'x' and error is not null)", ['b']],
    ["tags includes 'x' and not any_span(error is not null and is_root = false)", ['b']],
    ["root_span_id in ['a', 'c', 'nobody']", ['c', 'a']],
    ["root_span_id = 'a' and error is not null", ['a']],
    ["root_span_id = 'nobody'", []],
    ["root_span_id != 'a'", ['c', 'b']],
    ["root_span_id > 'a' and root_span_id < 'c'", ['b']],
  ])('%s', async (filter, expected) => {
    expect(await rootsOf(`${from} | filter: ${filter}`)).toEqual(expected);
    const spans = `select: root_span_id | from: project_logs('${projectId}') traces | filter: ${filter}`;
    const roots = await rootsOf(`${spans} | sort: root_span_id desc, id`);
    expect(roots).toEqual(expected.flatMap((root) => [root, root]));
  });

  it('of the shape spans is about each span by itself', async () => {
    const query = `select: id | from: project_logs('${projectId}') spans | sort: id | filter:`;
    const test = "any_span(tags includes 'x') and any_span(error is not null)";
    expect(await rowsOf(`${query} ${test}`)).toEqual([{ id: 'b-root' }]);
  });

  it.each([
    ['any_span(any_span(error is null))', 400, 'inside'],
    ['any_span()', 400, 'argument'],
    ['filter_spans(error is null)', 501, 'filter_spans'],
    ['metrics.duration > 1', 501, 'metrics.duration'],
    ['span_type_info.has_error = true', 501, 'span_type_info'],
  ])('that nobody knows the meaning of is refused: %s', async (filter, status, name) => {
    const answer = await ask(plane, `${from} | filter: ${filter}`);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(name)]);
  });
});

describe('summary rows', () => {
  it('are paged by cursor, newest root first, or in the other direction', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) insert(...trace(name));
    for (const [sort, expected] of [
      ['', 'edcba'],
      ['| sort: _pagination_key desc', 'edcba'],
      ['| sort: _pagination_key asc', 'abcde'],
    ] as const) {
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const { body } = await ask(plane, `${from} ${sort} | limit: 2 ${cursor}`);
        seen.push(...body.data.map((row) => row['root_span_id']));
        cursor = body.cursor === undefined ? '' : `| cursor: '${body.cursor}'`;
      } while (cursor !== '');
      expect(seen.join('')).toBe(expected);
    }
  });

  it('are sorted by what they add up to', async () => {
    insert(...trace('fast', { metrics: { start: 1, end: 2 } }));
    insert(...trace('slow', { metrics: { start: 1, end: 9 } }));
    insert(...trace('unknown'));
    const query = `select: root_span_id, metrics.duration | ${from} | sort: metrics.duration desc`;
    expect(await rowsOf(`${query} | filter: metrics.end is not null`)).toEqual([
      { root_span_id: 'slow', duration: 8 },
      { root_span_id: 'fast', duration: 1 },
    ]);
  });

  it.each([
    ['sort: _xact_id', '_xact_id'],
    ['select: tags', 'tags'],
    ['sort: span_attributes.name', 'span_attributes'],
  ])('by what is not known of them are refused by name: %s', async (clause, name) => {
    const { status, text } = await ask(plane, `${from} | ${clause}`);
    expect([status, text]).toEqual([501, expect.stringContaining(name)]);
  });

  it('end where the window of the plan ends', async () => {
    await plane.close();
    plane = await startDataPlane({ clock, planWindowDays: 14 });
    const { id } = plane.createProject('short');
    const old = { created: '2026-02-01T00:00:00Z' };
    const rows = [...trace('new', {}, { ...old, scores: { s: 1 } }), ...trace('old', old, old)];
    plane.insert('project_logs', id, rows);
    const found = await rowsOf(
      `select: root_span_id, scores | from: project_logs('${id}') summary`,
    );
    expect(found).toEqual([{ root_span_id: 'new', scores: null }]);
  });
});

/** Sums in another order differ in their last digits. */
function expectClose(actual: unknown, expected: unknown): void {
  const wanted = (expected ?? {}) as Record<string, number | null>;
  expect(actual === null).toBe(expected === null);
  expect(Object.keys(actual ?? {}).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, value] of Object.entries((actual ?? {}) as Record<string, unknown>)) {
    if (typeof value === 'number') expect(value).toBeCloseTo(wanted[name] ?? NaN, 6);
    else expect([name, value]).toEqual([name, wanted[name]]);
  }
}
