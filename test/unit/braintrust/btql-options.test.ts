import { describe, expect, it } from 'vitest';

import { btqlSource } from '../../../src/braintrust/btql/btql.js';
import type { BtqlSourceOptions } from '../../../src/braintrust/btql/btql-options.js';
import { ExportError } from '../../../src/errors/index.js';
import type { Source } from '../../../src/interfaces/index.js';
import { quickClient } from '../../support/braintrust.js';

const client = quickClient('http://127.0.0.1:1');
const LOGS = `from: project_logs('p1')`;

function sourceOf(query: BtqlSourceOptions['query'], more: object = {}): Source {
  return btqlSource({ client, query, ...more });
}

function problemsOf(query: unknown, more: object = {}): string {
  try {
    btqlSource({ client, query, ...more } as BtqlSourceOptions);
  } catch (error) {
    if (error instanceof ExportError && error.code === 'OPTION_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

describe('btqlSource refuses', () => {
  it.each([
    ['no query', undefined, {}, '`query` must be a text or an object, not undefined'],
    ['a query that cannot be read', `select: *\n${LOGS}\nfilter: (a`, {}, 'line 3, column 9'],
    [
      'to read an aggregation incrementally',
      `SELECT count(*) AS n FROM project_logs('p') GROUP BY a`,
      { mode: 'incremental' },
      "`mode` cannot be 'incremental': the query groups rows, aggregates rows",
    ],
    [
      'the time of asking in an incremental filter',
      `select: *\n${LOGS}\nfilter: created > now() - interval 7 day`,
      {},
      'line 3, column 19: now means another time with each read',
    ],
    [
      'a computed field without a name',
      `select: id, len(tags)\n${LOGS}`,
      {},
      'line 1, column 13: expected a name after this item',
    ],
    [
      'another meaning for what tells rows apart',
      `select: root_span_id as id\n${LOGS}`,
      {},
      'the name "id" belongs to what tells rows apart',
    ],
    [
      'more than an answer by several sorts',
      `select: *\n${LOGS}\nsort: a, b\nlimit: 1001`,
      {},
      'sorts by 2 values, by which no more than 1000 rows can be read',
    ],
    [
      'rows of several objects that they do not name',
      `select: *\nfrom: view('a', 'b')\nsort: a\nlimit: 10`,
      {},
      'ask for one at a time',
    ],
    [
      'bounds where the filter does not choose the rows',
      `select: *\n${LOGS} summary`,
      { from: new Date(0) },
      '`from` cannot bound what the query reads',
    ],
    [
      'a lookback of a snapshot',
      `select: *\n${LOGS}\nlimit: 3`,
      { lookbackMs: 1 },
      '`lookbackMs` is for incremental reads; this query is a snapshot: it limits their number',
    ],
    ['an unknown option', `select: *\n${LOGS}`, { filter: 'a' }, '`filter` is not an option'],
    [
      'a wrong offset',
      `select: *\n${LOGS}`,
      { tzOffset: 1.5 },
      '`tzOffset` must be a whole number',
    ],
  ])('%s', (...[, query, more, problem]) => {
    expect(problemsOf(query, more)).toContain(problem);
  });

  it.each([
    [
      'no ids',
      { from: { kind: 'dataset', ids: [] } },
      '`query.from.ids` must hold at least one id',
    ],
    ['an unknown kind', { from: { kind: 'logs', ids: ['a'] } }, '`query.from.kind` must be one of'],
    ['a quote in an id', { from: { kind: 'dataset', ids: ["a'"] } }, 'may hold no quotes'],
    [
      'a clause inside of a filter',
      { from: { kind: 'dataset', ids: ['a'] }, filter: 'b\nlimit: 3' },
      '`query.filter` begins the clause "limit:" at 3',
    ],
    [
      'a pipe inside of an item',
      { from: { kind: 'dataset', ids: ['a'] }, select: ['b', 'c | limit: 3'] },
      '`query.select` has a "|" at 3',
    ],
    [
      'an unknown part',
      { from: { kind: 'dataset', ids: ['a'] }, where: 'b' },
      '`query.where` is not',
    ],
    [
      'a limit of none',
      { from: { kind: 'dataset', ids: ['a'] }, limit: 0 },
      '`query.limit` must be',
    ],
  ])('a query in parts with %s', (_title, query, problem) => {
    expect(problemsOf(query)).toContain(problem);
  });
});

describe('btqlSource', () => {
  it('takes the time of asking in a snapshot that was asked for', () => {
    const query = `select: *\n${LOGS}\nfilter: created > now() - interval 7 day`;
    expect(sourceOf(query, { mode: 'snapshot' }).isSnapshot).toBe(true);
    expect(problemsOf(`select: *\n${LOGS}\nfilter: metadata.now = 'now()'`)).toBe('none');
  });

  it('is fixed to the words of a query, not to their looks', () => {
    const one = sourceOf(`select: a, b\n${LOGS}\nfilter: a = 1 -- one`);
    const other = sourceOf(`select: a,b | from:project_logs( 'p2' )|filter: a=1`);
    expect(other.identity).toEqual(one.identity);
    expect(sourceOf(`select: a, b\n${LOGS}\nfilter: a = 2`).identity).not.toEqual(one.identity);
    expect(
      sourceOf(`select: a, b\n${LOGS} | filter: a = 1`, { tzOffset: 60 }).identity,
    ).not.toEqual(one.identity);
  });

  it('is fixed to the objects of a snapshot', () => {
    const [one, other] = ['p1', 'p2'].map((id) => {
      return sourceOf({ from: { kind: 'project_logs', ids: [id] }, limit: 5 }).identity;
    });
    expect(one).not.toEqual(other);
  });

  it('reads a query in parts as the same in text', () => {
    const parts = sourceOf({
      from: { kind: 'experiment', ids: ['b', 'a'], shape: 'spans' },
      dimensions: 'metadata.model as model',
      measures: ['count(1) as calls', 'avg(scores.a) as score'],
      filter: 'metrics.tokens > 3',
      sort: 'calls desc',
      limit: 20,
    });
    const text = sourceOf(
      `from: experiment('a', 'b')
       dimensions: metadata.model as model
       measures: count(1) as calls, avg(scores.a) as score
       sort: calls desc
       filter: metrics.tokens > 3
       limit: 20`,
    );
    const clauses = (source: Source): unknown[] =>
      [...(source.identity as { query: unknown[] }).query]
        .map((clause) => JSON.stringify(clause))
        .sort();
    expect(clauses(parts)).toEqual(clauses(text));
    expect(parts.isSnapshot).toBe(true);
  });

  it('refuses a cursor inside of a snapshot, of another source, and of a newer version', async () => {
    const source = sourceOf(`select: *\n${LOGS}\nlimit: 3`);
    for (const cursor of ['{"btql":1,"inside":1,"page":1}', '{"spans":1}', '{"btql":2}', 'x']) {
      const read = source.read({ cursor, pageSize: 10 })[Symbol.asyncIterator]().next();
      await expect(read, cursor).rejects.toMatchObject({ code: 'SOURCE_CURSOR_INVALID' });
    }
  });
});
