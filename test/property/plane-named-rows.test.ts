import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  letrec,
  oneof,
  property,
  record,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { expect, it } from 'vitest';

import type { PlaneObject } from '../../src/testing/plane/plane-object.js';
import { PlaneState } from '../../src/testing/plane/plane-state.js';
import { parseQuery } from '../../src/testing/plane/query/parse-query.js';
import { runQuery } from '../../src/testing/plane/run-query.js';

const NOW = new Date('2026-03-01T12:00:00Z');

interface Write {
  readonly id: number;
  readonly trace: number;
  readonly n: number;
  readonly deletes: boolean;
}

const texts = (prefix: string): Arbitrary<string> =>
  array(
    integer({ min: 0, max: 9 }).map((number) => `'${prefix}${number}'`),
    { minLength: 1, maxLength: 5 },
  ).map((values) => values.join(', '));

const named = [
  texts('row-').map((list) => `id in [${list}]`),
  texts('trace-').map((list) => `root_span_id in [${list}]`),
  integer({ min: 0, max: 9 }).map((number) => `id = 'row-${number}'`),
  integer({ min: 0, max: 9 }).map((number) => `root_span_id = 'trace-${number}'`),
];
const unnamed = constantFrom(
  "span_id != 'row-3'",
  'metadata.n > 4',
  'is_root',
  "id not in ['row-1']",
);

const leaf = oneof(...named, unnamed);
const { filter } = letrec<{ filter: string; pair: string }>((tie) => ({
  filter: oneof(
    { maxDepth: 3 },
    leaf,
    tie('pair'),
    tie('filter').map((inner) => `not (${inner})`),
  ),
  pair: record({
    left: tie('filter'),
    joint: constantFrom('and', 'or'),
    right: tie('filter'),
  }).map(({ left, joint, right }) => `((${left}) ${joint} (${right}))`),
}));

const write = record({
  id: integer({ min: 0, max: 9 }),
  trace: integer({ min: 0, max: 9 }),
  n: integer({ min: 0, max: 9 }),
  deletes: boolean(),
});

function fill(state: PlaneState, writes: readonly (readonly Write[])[]): PlaneObject {
  const object = state.create('project_logs', { name: 'random' });
  for (const events of writes)
    state.commit(
      events.map(({ id, trace, n, deletes }) => ({
        object,
        event: {
          id: `row-${id}`,
          root_span_id: `trace-${trace}`,
          metadata: { n },
          ...(deletes ? { _object_delete: true } : {}),
        },
      })),
    );
  return object;
}

it('a filter finds the same rows whether they are looked up by name or searched for', () => {
  const shapes = constantFrom('spans', 'traces');
  const sorts = constantFrom('_xact_id asc', '_xact_id desc', '_pagination_key asc', 'id asc');
  const writes = array(array(write, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
  const search = record({
    filter,
    shape: shapes,
    sort: sorts,
    limit: integer({ min: 1, max: 20 }),
  });
  assert(
    property(writes, search, (transactions, { filter: condition, shape, sort, limit }) => {
      const state = new PlaneState({ now: () => NOW, organization: 'example', seed: 1 });
      const object = fill(state, transactions);
      const from = `from: project_logs('${object.record.id}') ${shape}`;
      const answer = (where: string): unknown => {
        const query = `select: id, _xact_id | ${from} | filter: ${where} | sort: ${sort} | limit: ${limit}`;
        const context = { objects: [object], now: NOW, visibleFrom: null, tzOffset: 0 };
        return runQuery(parseQuery(query), context).rows.map(String);
      };
      expect(answer(condition)).toEqual(answer(`not (not (${condition}))`));
    }),
    { numRuns: 400 },
  );
});
