import { describe, expect, it } from 'vitest';

import { parseExpressionText } from '../../src/testing/plane/query/parse-expression.js';
import { parseQuery } from '../../src/testing/plane/query/parse-query.js';
import { readAst } from '../../src/testing/plane/query/read-ast.js';
import { Refusal } from '../../src/testing/plane/refusal.js';

function refusalOf(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

const ident = (...name: (string | number)[]): object => ({ op: 'ident', name });
const literal = (value: unknown): object => ({ op: 'literal', value });

describe('an expression', () => {
  it('binds not before and before or', () => {
    expect(parseExpressionText('a or not b and c')).toEqual({
      op: 'or',
      children: [
        ident('a'),
        { op: 'and', children: [{ op: 'not', expr: ident('b') }, ident('c')] },
      ],
    });
  });

  it('binds products before sums before comparisons', () => {
    expect(parseExpressionText('a + b * 2 > -c')).toEqual({
      op: 'gt',
      left: {
        op: 'add',
        left: ident('a'),
        right: { op: 'mul', left: ident('b'), right: literal(2) },
      },
      right: { op: 'neg', expr: ident('c') },
    });
  });

  it('groups sums from the left', () => {
    expect(parseExpressionText('a - b - c')).toEqual({
      op: 'sub',
      left: { op: 'sub', left: ident('a'), right: ident('b') },
      right: ident('c'),
    });
  });

  it('reads paths with quoted segments and indexes from both ends', () => {
    expect(parseExpressionText('metadata."a ""b"" c"[0].x[-1]')).toEqual(
      ident('metadata', 'a "b" c', 0, 'x', -1),
    );
  });

  it.each([
    ["'it''s'", "it's"],
    [String.raw`'it\'s'`, "it's"],
    [String.raw`'50\%'`, String.raw`50\%`],
    ["'line\nbreak'", 'line\nbreak'],
    ["'-- no comment'", '-- no comment'],
  ])('reads the string %s', (text, value) => {
    expect(parseExpressionText(text)).toEqual(literal(value));
  });

  it('takes keywords in any case and skips comments', () => {
    expect(parseExpressionText('a IS NOT NULL -- why\n AND b iN (1, 2)')).toEqual({
      op: 'and',
      children: [
        { op: 'isnotnull', expr: ident('a') },
        {
          op: 'in',
          left: ident('b'),
          right: { op: 'list', items: [literal(1), literal(2)] },
        },
      ],
    });
  });

  it.each([
    ['a not in [1]', 'in'],
    ["a not like 'x'", 'like'],
    ["a not includes 'x'", 'includes'],
  ])('negates the operator in %s', (text, op) => {
    expect(parseExpressionText(text)).toMatchObject({ op: 'not', expr: { op } });
  });

  it('reads intervals in their two notations', () => {
    const day = { op: 'interval', amount: 7, unit: 'day' };
    expect(parseExpressionText('now() - interval 7 day')).toMatchObject({ op: 'sub', right: day });
    expect(parseExpressionText("now() - INTERVAL '7' DAYS")).toMatchObject({ right: day });
  });

  it('reads a choice', () => {
    expect(parseExpressionText('a > 1 ? b : c')).toEqual({
      op: 'if',
      condition: { op: 'gt', left: ident('a'), right: literal(1) },
      whenTrue: ident('b'),
      otherwise: ident('c'),
    });
  });

  it.each([
    ['a = ', 'line 1, column 5'],
    ['a =\n  and b', 'line 2, column 3'],
    ["'open", 'line 1, column 1'],
    ['(a = 1', 'line 1, column 7'],
    ['a ; b', 'line 1, column 3'],
    ['a b', 'line 1, column 3'],
    ['a in 1', 'line 1, column 6'],
  ])('names the place of the fault in %j', (text, place) => {
    const refusal = refusalOf(() => parseExpressionText(text));
    expect(refusal.status).toBe(400);
    expect(refusal.message).toContain(place);
  });

  it.each([
    ['a between 1 and 2', 'BETWEEN'],
    ['case when a then b end', 'CASE'],
    ['a = {}', 'an object literal'],
    ['a in (select b)', 'a subquery'],
    [String.raw`'a\\b'`, 'the escape'],
    ['now() - interval 1 fortnight', 'fortnight'],
  ])('refuses %j by name', (text, name) => {
    const refusal = refusalOf(() => parseExpressionText(text));
    expect(refusal.status).toBe(501);
    expect(refusal.message).toContain(name);
  });
});

const SAME_QUERY = {
  select: [
    { star: false, alias: 'id', expr: ident('id') },
    { star: false, alias: 'm', expr: ident('metadata', 'model') },
  ],
  from: { source: 'project_logs', ids: ['p1', 'p2'], shape: 'traces' },
  filter: { op: 'eq', left: ident('id'), right: literal('x') },
  sort: [
    { expr: ident('_xact_id'), descending: true },
    { expr: ident('id'), descending: false },
  ],
  limit: 10,
  cursor: 'abc',
  previewLength: null,
  group: null,
  having: null,
};

describe('a query', () => {
  it('means the same in BTQL on one line', () => {
    const text =
      "select: id, metadata.model as m | from: project_logs('p1', 'p2') traces | filter: id = 'x' " +
      "| sort: _xact_id desc, id | limit: 10 | cursor: 'abc'";
    expect(parseQuery(text)).toEqual(SAME_QUERY);
  });

  it('means the same in BTQL on several lines', () => {
    const text = `
      from: project_logs('p1', 'p2') traces
      select: id, metadata.model as m
      filter: id = 'x'
      sort: _xact_id desc, id asc
      limit: 10
      cursor: 'abc'`;
    expect(parseQuery(text)).toEqual(SAME_QUERY);
  });

  it('means the same in SQL', () => {
    const text =
      "SELECT id, metadata.model AS m FROM project_logs('p1', 'p2', shape => 'traces') WHERE id = 'x' " +
      "ORDER BY _xact_id DESC, id LIMIT 10 OFFSET 'abc'";
    expect(parseQuery(text)).toEqual(SAME_QUERY);
  });

  it('means the same as a parsed object', () => {
    const query = readAst({
      select: [
        { alias: 'id', expr: { op: 'ident', name: ['id'] } },
        { alias: 'm', expr: { btql: 'metadata.model' } },
      ],
      from: {
        op: 'function',
        name: { op: 'ident', name: ['project_logs'] },
        args: [literal('p1'), literal('p2')],
        shape: 'traces',
      },
      filter: { op: 'eq', left: ident('id'), right: literal('x') },
      sort: [
        { expr: ident('_xact_id'), dir: 'desc' },
        { expr: { btql: 'id' }, dir: 'asc' },
      ],
      limit: 10,
      cursor: 'abc',
    });
    expect(query).toEqual(SAME_QUERY);
  });

  it('about groups means the same in BTQL, in SQL and as an object', () => {
    const btql =
      'dimensions: metadata.model as model, day(created) as date | measures: count(1) as n ' +
      "| from: project_logs('p') spans | final_filter: n > 1 | sort: n desc";
    const sql =
      'SELECT metadata.model AS model, day(created) AS date, count(1) AS n ' +
      "FROM project_logs('p') GROUP BY 1, 2 HAVING n > 1 ORDER BY n DESC";
    const expected = parseQuery(sql);
    expect(parseQuery(btql)).toEqual(expected);
    expect(expected.group).toEqual([literal(1), literal(2)]);
    const from = {
      op: 'function',
      name: { op: 'ident', name: ['project_logs'] },
      args: [literal('p')],
    };
    const query = readAst({
      from,
      dimensions: [
        { alias: 'model', expr: { btql: 'metadata.model' } },
        { alias: 'date', expr: { btql: 'day(created)' } },
      ],
      measures: [{ alias: 'n', expr: { btql: 'count(1)' } }],
      final_filter: { btql: 'n > 1' },
      sort: [{ expr: { btql: 'n' }, dir: 'desc' }],
    });
    expect(query).toEqual(expected);
  });

  it('takes comments, and line breaks inside a clause', () => {
    const text = `
      -- what to read
      select:
        id,
        metadata.model as m
      from: project_logs('p1', "p2") traces
      filter:
        id = 'x'        -- a | and a filter: in a comment
      sort: _xact_id desc,
        id
      limit: 10
      cursor: 'abc'`;
    expect(parseQuery(text)).toEqual(SAME_QUERY);
  });

  it('has every row, spans, and no order when it names only its source', () => {
    expect(parseQuery("from: dataset('d')")).toEqual({
      select: [{ star: true }],
      from: { source: 'dataset', ids: ['d'], shape: 'spans' },
      filter: null,
      sort: [],
      limit: null,
      cursor: null,
      previewLength: null,
      group: null,
      having: null,
    });
  });

  it.each([
    ["from: project_logs('p') | sample: 10%", 'sample'],
    ["from: project_logs('p') | pivot: score", 'pivot'],
    ["from: project_logs('p') | unpivot: tags as tag", 'unpivot'],
    ["from: project_logs('p') | trace_filter: error is null", 'trace_filter'],
    ["select id from project_logs('p') tablesample 10", 'TABLESAMPLE'],
    ["select id from (select * from project_logs('p'))", 'a subquery'],
    ["with x as (select 1) select * from project_logs('p')", 'WITH'],
    ["select distinct id from project_logs('p')", 'DISTINCT'],
    ["from: project_logs('p') | sort: id nulls first", 'NULLS'],
    ["select: lower(id) | from: project_logs('p')", 'alias'],
  ])('is refused by the name of what is not supported: %s', (text, name) => {
    const refusal = refusalOf(() => parseQuery(text));
    expect(refusal.status).toBe(501);
    expect(refusal.message).toContain(name);
  });

  it.each([
    ['select: *', 'from'],
    ["from: project_logs('p') | from: project_logs('q')", 'twice'],
    ["from: project_logs('p') limit: 5", 'new line'],
    ["select * from project_logs('p') offset 5", 'cursor'],
    ["select * from project_logs('p') where tags includes 'x'", 'BTQL'],
    ["from: project_logs('p') rows", 'shape'],
    ["from: project_logs('p') | select: id | measures: count(1) as n", 'measures'],
    ["select * from project_logs('p') where tags not contains 'x'", 'BTQL'],
    ["from: project_logs('p') | preview_length: -2", 'preview_length'],
  ])('is wrong, and told so: %s', (text, hint) => {
    const refusal = refusalOf(() => parseQuery(text));
    expect(refusal.status).toBe(400);
    expect(refusal.message).toContain(hint);
  });

  it.each([
    [{ select: 'id' }, ['select']],
    [{ select: [{ alias: 1, expr: ident('id') }] }, ['select', 0, 'alias']],
    [{ filter: { op: 'eq', left: ident('id') } }, ['filter', 'right']],
    [{ sort: [{ expr: ident('id'), dir: 'up' }] }, ['sort', 0, 'dir']],
    [{ limit: -1 }, ['limit']],
    [{ from: { op: 'ident', name: ['project_logs'] } }, ['from', 'op']],
  ])('as an object of the wrong form is answered with the path: %j', (change, path) => {
    const from = {
      op: 'function',
      name: { op: 'ident', name: ['project_logs'] },
      args: [literal('p')],
    };
    const refusal = refusalOf(() => readAst({ from, ...change }));
    expect(refusal.status).toBe(400);
    expect(JSON.parse(refusal.message)).toMatchObject([{ path }]);
  });

  it('as an object with an unknown operator or key is refused by its name', () => {
    const from = {
      op: 'function',
      name: { op: 'ident', name: ['project_logs'] },
      args: [literal('p')],
    };
    expect(refusalOf(() => readAst({ from, sample: 5 })).message).toContain('sample');
    const filter = { op: 'xor', left: ident('id'), right: ident('id') };
    expect(refusalOf(() => readAst({ from, filter })).message).toContain('xor');
  });
});
