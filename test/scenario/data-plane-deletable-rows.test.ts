import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow, ObjectType } from 'tracehaul/testing';

import { ask } from '../support/plane-client.js';

const clock = manualClock({ now: new Date('2026-03-10T12:00:00Z') });
let plane: DataPlane;
let projectId: string;
let experimentId: string;
let datasetId: string;
let second: string;

const ROWS: readonly JsonRow[] = [
  { id: 'a', root_span_id: 't1', created: '2026-03-01T00:00:00.000Z', tags: ['keep'] },
  { id: 'b', root_span_id: 't1', created: '2026-03-01T23:59:59.999Z', metadata: { n: 1 } },
  { id: 'c', root_span_id: 't2', created: '2026-03-02T00:00:00.000Z', metadata: { n: 2 } },
  { id: 'd', root_span_id: 't3', created: '2026-03-09T12:00:00.000Z', tags: [] },
];

beforeAll(async () => {
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
  experimentId = plane.createExperiment(projectId, 'e').id;
  datasetId = plane.createDataset(projectId, 'd').id;
  plane.insert('project_logs', projectId, ROWS.slice(0, 2));
  await clock.advance(1000);
  second = plane.insert('project_logs', projectId, ROWS.slice(2)).xactId;
  const origin = (id: string): JsonRow => ({
    object_type: 'project_logs',
    object_id: projectId,
    id,
  });
  const referring = [
    { id: 'x', origin: origin('a') },
    { id: 'y', origin: { ...origin('b'), object_type: 'dataset' } },
    { id: 'z' },
  ];
  plane.insert('experiment', experimentId, referring);
  plane.insert('dataset', datasetId, referring);
});
afterAll(() => plane.close());

const ident = (...name: string[]): object => ({ op: 'ident', name });
const literal = (value: unknown): object => ({ op: 'literal', value });
const operation = (op: string, field: object, value: unknown): object => ({
  op,
  left: field,
  right: literal(value),
});
const from = (type: ObjectType, id: string): object => ({
  op: 'function',
  name: ident(type),
  args: [literal(id)],
  shape: 'spans',
});

async function rowsOf(query: unknown): Promise<readonly JsonRow[]> {
  const { status, text, body } = await ask(plane, query);
  expect([status, text]).toEqual([200, expect.anything()]);
  return body.data;
}

/** Asks for the ids that pass a filter, with the filter as text and as a syntax tree. */
async function idsOf(text: string, tree: object): Promise<readonly unknown[]> {
  const logs = `project_logs('${projectId}') spans`;
  const asText = await rowsOf(`select: id | from: ${logs} | filter: ${text} | sort: id asc`);
  const asTree = await rowsOf({
    select: [{ alias: 'id', expr: ident('id') }],
    from: from('project_logs', projectId),
    filter: tree,
    sort: [{ expr: ident('id'), dir: 'asc' }],
  });
  expect(asTree).toEqual(asText);
  return asText.map(({ id }) => id);
}

const many = (first: string, count: number): readonly string[] => [
  ...Array.from({ length: count - 1 }, (_, index) => `absent-${index}`),
  first,
];
const listed = (values: readonly string[]): string =>
  values.map((value) => `'${value}'`).join(', ');

describe('rows to delete are found', () => {
  it('by a bound of their creation, which is not theirs any more', async () => {
    const bound = '2026-03-02T00:00:00.000Z';
    const tree = operation('lt', ident('created'), bound);
    expect(await idsOf(`created < '${bound}'`, tree)).toEqual(['a', 'b']);
  });

  it('among a thousand ids', async () => {
    const ids = many('b', 1000);
    const tree = operation('in', ident('id'), ids);
    expect(await idsOf(`id in [${listed(ids)}]`, tree)).toEqual(['b']);
  });

  it('among five hundred traces', async () => {
    const roots = many('t1', 500);
    const tree = operation('in', ident('root_span_id'), roots);
    expect(await idsOf(`root_span_id in [${listed(roots)}]`, tree)).toEqual(['a', 'b']);
  });

  it('by ids or traces above a transaction', async () => {
    const named = [
      operation('in', ident('id'), ['a', 'd']),
      operation('in', ident('root_span_id'), ['t1', 't2']),
    ];
    const tree = {
      op: 'and',
      children: [{ op: 'or', children: named }, operation('ge', ident('_xact_id'), second)],
    };
    const text = `(id in ['a', 'd'] or root_span_id in ['t1', 't2']) and _xact_id >= '${second}'`;
    expect(await idsOf(text, tree)).toEqual(['c', 'd']);
    const either = { op: 'or', children: tree.children };
    const other = `(id in ['a', 'd'] or root_span_id in ['t1', 't2']) or _xact_id >= '${second}'`;
    expect(await idsOf(other, either)).toEqual(['a', 'b', 'c', 'd']);
  });
});

it.each<[string, readonly unknown[]]>([
  ["tags includes 'keep'", [true, null, null, false]],
  ['metadata.n > 1', [null, false, true, null]],
  ["id = 'a' or metadata.n = 2", [true, false, true, null]],
  ['tags is null', [false, true, true, false]],
])('the text %s as a column is true, false or null for each row', async (condition, expected) => {
  const rows = await rowsOf({
    select: [
      { alias: 'id', expr: ident('id') },
      { alias: 'held', expr: { btql: condition } },
    ],
    from: from('project_logs', projectId),
    sort: [{ expr: ident('id'), dir: 'asc' }],
  });
  expect(rows.map(({ held }) => held)).toEqual(expected);
});

it.each<[ObjectType]>([['experiment'], ['dataset']])(
  'rows of a kind of object (%s) are found by their origin',
  async (type) => {
    const id = type === 'experiment' ? experimentId : datasetId;
    const conditions = [
      operation('eq', ident('origin', 'object_type'), 'project_logs'),
      operation('eq', ident('origin', 'object_id'), projectId),
    ];
    const rows = await rowsOf({
      select: [{ alias: 'referred', expr: ident('origin', 'id') }],
      from: from(type, id),
      filter: { op: 'and', children: conditions },
    });
    expect(rows).toEqual([{ referred: 'a' }]);
    const text = `origin.object_type = 'project_logs' and origin.object_id = '${projectId}'`;
    expect(
      await rowsOf(`select: origin.id | from: ${type}('${id}') spans | filter: ${text}`),
    ).toEqual([{ id: 'a' }]);
  },
);

describe('counts', () => {
  const measures = ['count(1)', 'min(created)', 'max(created)', 'min(_xact_id)', 'max(_xact_id)'];
  const alias = (measure: string): string => measure.replace(/\W+/gu, '_').replace(/^_|_$/gu, '');

  it('by the day of creation come with ends of times and transactions', async () => {
    const text = measures.map((measure) => `${measure} as ${alias(measure)}`).join(', ');
    const filter =
      "created < '2026-03-05T00:00:00Z' and (tags is null or not tags includes 'keep')";
    const logs = `from: project_logs('${projectId}') spans`;
    const day = "date_trunc('day', created)";
    const asText = await rowsOf(
      `dimensions: ${day} as day | measures: ${text} | ${logs} | filter: ${filter}`,
    );
    const asTree = await rowsOf({
      dimensions: [{ alias: 'day', expr: { btql: day } }],
      measures: measures.map((measure) => ({ alias: alias(measure), expr: { btql: measure } })),
      from: from('project_logs', projectId),
      filter: { btql: filter },
    });
    expect(asTree).toEqual(asText);
    expect(asText).toMatchObject([
      { day: '2026-03-01T00:00:00.000Z', count_1: 1, max_created: ROWS[1]?.['created'] },
      {
        day: '2026-03-02T00:00:00.000Z',
        count_1: 1,
        min_created: ROWS[2]?.['created'],
        max_created: ROWS[2]?.['created'],
        min__xact_id: second,
        max__xact_id: second,
      },
    ]);
  });

  it('over no rows are one row of zero and nothing', async () => {
    const rows = await rowsOf({
      measures: [
        { alias: 'rows', expr: { op: 'function', name: ident('count'), args: [literal(1)] } },
        { alias: 'oldest', expr: { op: 'function', name: ident('min'), args: [ident('created')] } },
      ],
      from: from('project_logs', projectId),
      filter: operation('lt', ident('created'), '2020-01-01T00:00:00Z'),
    });
    expect(rows).toEqual([{ rows: 0, oldest: null }]);
  });
});
