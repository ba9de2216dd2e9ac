import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseQuery } from '../../src/braintrust/btql/parse-query.js';
import { QuerySyntaxError } from '../../src/braintrust/btql/query-syntax-error.js';
import { textOf, tokenize, unquote } from '../../src/braintrust/btql/tokenize.js';
import { writeQuery } from '../../src/braintrust/btql/write-query.js';

const quoteMark = fc.constantFrom("'", '"');
/** What could end a text or begin something else, were it not in quotes. */
const hostileText = fc
  .array(
    fc.constantFrom(
      'limit:',
      'LIMIT 1',
      '|',
      '--',
      '#',
      '\n',
      ';',
      '(',
      ')',
      '[',
      '}',
      "'",
      '"',
      '\\',
      ',',
      ' from: ',
      ' WHERE ',
      '/*',
      'é',
      '😀',
      'select *',
      'now()',
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));
const quoted = fc.tuple(quoteMark, hostileText, fc.boolean()).map(([quote, text, doubled]) => {
  const escaped = text.replaceAll('\\', '\\\\');
  return `${quote}${escaped.replaceAll(quote, doubled ? quote + quote : `\\${quote}`)}${quote}`;
});
const name = fc.constantFrom('a', 'metadata.limit', 'tags', 'scores."from"', 'x[0].y', 'größe');
const space = fc.constantFrom(
  ' ',
  '\n',
  '\t ',
  '\r\n',
  " -- it's a | limit: 3\n",
  '\n# select: "\n',
);
const operand = fc.oneof(name, quoted, fc.constantFrom('1', '2.5e3', 'true', 'null', 'f(a, b)'));
const operator = fc.constantFrom(
  '=',
  '!=',
  '<!=>',
  '<=>',
  '<>',
  '>=',
  'and',
  'or',
  '+',
  '-',
  'like',
);

/** Expressions in brackets hide whatever looks like a clause. */
const expression = fc
  .tuple(fc.array(fc.tuple(operand, space, operator, space), { maxLength: 4 }), operand, fc.nat(2))
  .map(([parts, last, depth]) => {
    const inner = parts.map((part) => part.join('')).join(' ') + ' ' + last;
    return '('.repeat(depth) + inner.replace(/^ /u, '') + ')'.repeat(depth);
  });
const separator = fc.constantFrom('\n', ' | ', '\n|\n', ' -- end | filter: 1\n', '\r\n\n');

const wordsOf = (text: string): string[] => tokenize(text).map((token) => token.text);

const btqlQuery = fc
  .record({
    select: fc.array(expression, { minLength: 1, maxLength: 3 }).map((items) => items.join(' , ')),
    filter: expression,
    condition: fc.boolean(),
    separators: fc.array(separator, { minLength: 3, maxLength: 3 }),
  })
  .map(({ select, filter, condition, separators: [first, second, third] }) => {
    const clauses = {
      select,
      from: `project_logs('p') traces`,
      filter: condition ? `${filter} ? a : (b ? c : d)` : filter,
      sort: 'a desc',
    };
    const text =
      `select: ${clauses.select}${first}from: ${clauses.from}${second}` +
      `FILTER: ${clauses.filter}${third}sort: ${clauses.sort}`;
    return { clauses, text };
  });

const sqlQuery = fc
  .record({ select: expression, filter: expression, subquery: expression, gap: space })
  .map(({ select, filter, subquery, gap }) => {
    const clauses = {
      select: `${select} AS a, metadata.offset`,
      from: `project_logs('p', shape => 'traces')`,
      filter: `${filter} AND id IN (SELECT id FROM x WHERE ${subquery} ORDER BY y LIMIT 2)`,
      dimensions: '1, 2',
      sort: 'a DESC',
      limit: '10',
    };
    const keywords = ['SELECT', 'FROM', 'where', 'GROUP BY', 'ORDER\nBY', 'limit'];
    const text = Object.values(clauses).map((clause, at) => `${keywords[at]}${gap}${clause}`);
    return { clauses, text: text.join(gap) };
  });

describe('a query in clauses', () => {
  it.each([
    ['BTQL', btqlQuery],
    ['SQL', sqlQuery],
  ] as const)('%s: each clause has the words that were written into it', (_name, queries) => {
    fc.assert(
      fc.property(queries, ({ text, clauses }) => {
        const query = parseQuery(text);
        const found = query.clauses.map((clause) => [
          clause.name,
          clause.tokens.map((token) => token.text),
        ]);
        const written = Object.entries(clauses).map(([key, value]) => [key, wordsOf(value)]);
        expect(found).toEqual(written);
      }),
    );
  });

  it.each([
    ['BTQL', btqlQuery],
    ['SQL', sqlQuery],
  ] as const)('%s: cut and joined, it is the same query', (_name, queries) => {
    fc.assert(
      fc.property(queries, ({ text }) => {
        const query = parseQuery(text);
        const again = parseQuery(writeQuery(query));
        const shown = (one: typeof query): unknown =>
          one.clauses.map((clause) => [clause.name, clause.tokens.map((token) => token.text)]);
        expect(shown(again)).toEqual(shown(query));
        expect([again.dialect, again.from, again.limit]).toEqual([
          query.dialect,
          query.from,
          query.limit,
        ]);
        expect(writeQuery(again)).toBe(writeQuery(query));
      }),
    );
  });

  it('a text in quotes means what was quoted, whatever it holds', () => {
    fc.assert(
      fc.property(hostileText, quoteMark, fc.boolean(), (text, quote, doubled) => {
        const escaped = text
          .replaceAll('\\', '\\\\')
          .replaceAll(quote, doubled ? quote + quote : `\\${quote}`);
        const tokens = tokenize(`a ${quote}${escaped}${quote} b`);
        expect(tokens).toHaveLength(3);
        expect(tokens[1] === undefined ? null : unquote(tokens[1])).toBe(text);
      }),
    );
  });

  it('any text is read as a query, or refused with a place inside of it', () => {
    const piece = fc.oneof(
      quoted,
      expression,
      space,
      hostileText,
      fc.string(),
      fc.constantFrom('select:', "from: project_logs('p')", 'filter:', '|', '\n', 'SELECT * FROM '),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        try {
          const { clauses } = parseQuery(text);
          for (const { tokens } of clauses)
            for (const token of tokens) expect(text.slice(token.start, token.end)).toBe(token.text);
        } catch (error) {
          expect(error).toBeInstanceOf(QuerySyntaxError);
          const { at } = error as QuerySyntaxError;
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('text without its comments has the same words', () => {
    fc.assert(
      fc.property(expression, space, (text, gap) => {
        const source = `${gap}${text}${gap}`;
        const tokens = tokenize(source);
        const plain = textOf(source, tokens);
        expect(wordsOf(plain)).toEqual(tokens.map((token) => token.text));
      }),
    );
  });
});
