import { describe, expect, it } from 'vitest';

import { clauseText, parseQuery } from '../../../src/braintrust/btql/parse-query.js';
import { planQuery } from '../../../src/braintrust/btql/plan-query.js';
import {
  QuerySyntaxError,
  describeSyntaxError,
} from '../../../src/braintrust/btql/query-syntax-error.js';
import { btqlText, writeQuery } from '../../../src/braintrust/btql/write-query.js';

const LOGS = `from: project_logs('p1')`;

function problemOf(text: string): string {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof QuerySyntaxError) return describeSyntaxError(text, error);
    throw error;
  }
  return 'none';
}

describe('BTQL', () => {
  it('takes clauses over several lines, as people write them', () => {
    const query = parseQuery(`
      # recent rows with low scores
      select: *
      from: project_logs('p1')
      filter:
        created > '2026-01-01' and
        scores.Factuality < 0.8 and   -- the judge's
        metrics.total_tokens > 1000
    `);
    expect(query.from).toEqual({ kind: 'project_logs', ids: ['p1'], shape: 'spans' });
    expect(clauseText(query, 'filter')).toBe(
      "created > '2026-01-01' and\nscores.Factuality < 0.8 and\nmetrics.total_tokens > 1000",
    );
  });

  it('takes clauses on one line, divided by pipes', () => {
    const query = parseQuery(`select: id, name | ${LOGS} summary | filter: a = 'x | limit: 3'`);
    expect(query.clauses.map(({ name }) => name)).toEqual(['select', 'from', 'filter']);
    expect(query.from?.shape).toBe('summary');
  });

  it('gives each item of a list its name', () => {
    const { select } = parseQuery(
      `select: metadata.model as model, metrics."total tokens", tags[-1].x, a + 1, *\n${LOGS}`,
    );
    expect(select.map((item) => (item.kind === 'star' ? '*' : item.name))).toEqual([
      'model',
      'total tokens',
      'x',
      null,
      '*',
    ]);
    expect(select[2]).toMatchObject({ path: ['tags', -1, 'x'] });
  });

  it('leaves the colons of conditions alone', () => {
    const query = parseQuery(`select: a ? b : c as d\n${LOGS}\nfilter: a\n ? limit : 3`);
    expect(query.limit).toBeUndefined();
    expect(clauseText(query, 'filter')).toBe('a\n? limit : 3');
  });
});

describe('SQL', () => {
  it('finds its clauses, and leaves what is in brackets alone', () => {
    const query = parseQuery(
      `SELECT input, metadata.limit, count(x) AS "from" FROM dataset('d', 'c', shape => 'traces')
       WHERE a IN (SELECT b FROM c LIMIT 1) GROUP BY 1 HAVING count(x) > 2
       ORDER BY a DESC, b LIMIT 20 OFFSET 'tok';`,
    );
    expect(query.clauses.map(({ name }) => name)).toEqual([
      'select',
      'from',
      'filter',
      'dimensions',
      'final_filter',
      'sort',
      'limit',
      'cursor',
    ]);
    expect(query.from).toEqual({ kind: 'dataset', ids: ['c', 'd'], shape: 'traces' });
    expect(query.limit).toBe(20);
    expect(query.sort.map(({ direction }) => direction)).toEqual(['desc', 'asc']);
  });

  it('tells words of clauses from fields of the same name', () => {
    const query = parseQuery(
      `SELECT limit, metadata.offset FROM project_logs('p') WHERE settings = 1 AND pivot = 2 LIMIT 3`,
    );
    expect(query.clauses.map(({ name }) => name)).toEqual(['select', 'from', 'filter', 'limit']);
  });

  it('puts an added clause where SQL wants it', () => {
    const query = parseQuery(`SELECT a FROM project_logs('p') GROUP BY a ORDER BY a -- all`);
    expect(writeQuery(query, { filter: 'b = 1', limit: '5' })).toBe(
      "SELECT a\nFROM project_logs('p')\nWHERE b = 1\nGROUP BY a\nORDER BY a\nLIMIT 5",
    );
  });

  it('is said in BTQL with lists in square brackets', () => {
    const query = parseQuery(`SELECT * FROM project_logs('p') WHERE a IN ('x', (1)) AND b = 2`);
    const filter = query.clauses.find(({ name }) => name === 'filter');
    expect(btqlText(query, filter?.tokens ?? [])).toBe("a IN ['x', (1)] AND b = 2");
  });
});

describe('a query that cannot be read says where and what was expected:', () => {
  it.each([
    ['', 'line 1, column 1: expected a query'],
    [`select: *\n${LOGS}\nfilter: a = 'x`, 'line 3, column 13: this quote is never closed'],
    [`select: *\n${LOGS}\nfilter: (a = 1]`, 'line 3, column 15: expected ")" before this "]"'],
    [`select: *\n${LOGS}\nfilter: a)`, 'line 3, column 10: this ")" closes nothing'],
    [`select: * ${LOGS}`, 'line 1, column 11: expected a new line or "|" before "from:"'],
    [
      `select: *\n${LOGS}\nwhere: a`,
      'line 3, column 1: there is no clause "where:"; expected "filter:"',
    ],
    [`select: *\n${LOGS}\nfilter:\nsort: a`, 'line 4, column 1: expected what belongs to filter:'],
    [`select: *\n${LOGS}\nselect: a`, 'line 3, column 1: there is a second select:'],
    [`select: a,, b\n${LOGS}`, 'line 1, column 11: expected an expression and found ","'],
    [`select: a\n`, 'line 1, column 10: expected "from:" and found the end'],
    [LOGS, 'expected "select:" and found the end'],
    [`select: *\nfrom: project_logs(p1)`, 'line 2, column 20: expected an id in quotes'],
    [`select: *\nfrom: project_logs`, 'expected "(" and ids after project_logs'],
    [`select: *\nfrom: project_logs()`, 'expected an id in quotes in project_logs(…)'],
    [`select: *\nfrom: project('x')`, 'expected one of project_logs, experiment'],
    [`select: *\n${LOGS} trees`, 'expected a shape (spans, traces, summary)'],
    [`select: *\n${LOGS}\nlimit: 2.5`, 'expected one whole number of at least 1'],
    [`select: * | | ${LOGS}`, 'expected a clause such as "select:"'],
    [`select: *\n${LOGS} /* all */`, 'line 2, column 26: a comment of this kind'],
    [`SELECT * FROM project_logs('p') UNION SELECT 1`, 'SQL of Braintrust has no UNION'],
    [`SELECT * FROM project_logs('p') l`, "a shape is an argument: shape => 'traces'"],
    [`SELECT * FROM project_logs('p') LIMIT 1; SELECT 2`, 'expected the end after ";"'],
    [`SELECT a WHERE b`, 'expected FROM and found the end'],
    [`SELECT\nFROM project_logs('p')`, 'line 2, column 1: expected what belongs to SELECT'],
  ])('%s', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });
});

describe('what stands in examples and fails at the service is refused with the form that works:', () => {
  it.each([
    [
      `SELECT input, expected FROM project_dataset('p', 'd') WHERE expected IS NOT NULL`,
      `write dataset('<dataset id>')`,
    ],
    [`SELECT * FROM project_logs('p') WHERE tags INCLUDES 'annotated'`, `write tags IN ('value')`],
    [`SELECT * FROM project_logs('p') WHERE a AND tags contains 'x'`, 'SQL has no CONTAINS'],
    [`SELECT * FROM project_logs('p') LIMIT 10 OFFSET 20`, 'OFFSET takes no number'],
    [`select: * | ${LOGS} | cursor: 3`, 'cursor: takes no number'],
  ])('%s', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });

  it.each([
    `SELECT * FROM project_logs('p') WHERE contains(tags, 'x')`,
    `select: * | ${LOGS} | filter: tags includes 'x'`,
    `SELECT metadata.includes FROM project_logs('p')`,
  ])('and what works is taken: %s', (text) => {
    expect(problemOf(text)).toBe('none');
  });
});

describe('how a query is read', () => {
  it.each([
    [`select: *\n${LOGS}\nfilter: a = 1`, 'incremental', 'window'],
    [`SELECT a, max_tokens, metadata.count FROM project_logs('p')`, 'incremental', 'window'],
    [`select: *\n${LOGS}\nsort: created`, 'snapshot', 'window'],
    [`select: *\n${LOGS}\nlimit: 5`, 'snapshot', 'window'],
    [`select: a\n${LOGS}\nsort: created desc\nlimit: 10000`, 'snapshot', 'sorted'],
    [`SELECT count(*) AS n FROM project_logs('p')`, 'snapshot', 'answer'],
    [`SELECT DISTINCT a FROM project_logs('p')`, 'snapshot', 'answer'],
    [`dimensions: a\nmeasures: count(1) as n\n${LOGS}`, 'snapshot', 'answer'],
    [`select: *\n${LOGS}\nsample: 5`, 'snapshot', 'answer'],
    [`select: *\n${LOGS}\npivot: a`, 'snapshot', 'answer'],
    [`select: *\n${LOGS}\ncursor: 'tok'`, 'snapshot', 'answer'],
    [`select: *\n${LOGS} summary`, 'snapshot', 'pages'],
    [`select: *\n${LOGS} traces\nlimit: 5`, 'snapshot', 'pages'],
    [`SELECT a FROM (SELECT a FROM x) LIMIT 3`, 'snapshot', 'answer'],
    [`WITH x AS (SELECT a FROM project_logs('p')) SELECT a FROM x`, 'snapshot', 'answer'],
    [`SELECT a FROM project_logs('p') WHERE id IN (SELECT b FROM x)`, 'snapshot', 'answer'],
    [`SELECT a FROM project_logs('p') TABLESAMPLE 5%`, 'snapshot', 'answer'],
    [`SELECT a FROM project_logs('p') FILTER_SPANS(b = 1) WHERE c`, 'snapshot', 'answer'],
  ])('%s', (text, mode, way) => {
    expect(planQuery(parseQuery(text), undefined)).toMatchObject({ mode, way });
  });
});
