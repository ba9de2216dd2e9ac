import { describe, expect, it } from 'vitest';

import { xactRangeOf, isSelective } from '../../src/testing/plane/query/bounds.js';
import { compile } from '../../src/testing/plane/query/compile.js';
import { parseExpressionText } from '../../src/testing/plane/query/parse-expression.js';
import { compareText, sortOrder } from '../../src/testing/plane/query/values.js';
import { Refusal } from '../../src/testing/plane/refusal.js';
import { ROW_KEYS } from '../../src/testing/plane/row-shape.js';

const ROW: Readonly<Record<string, unknown>> = {
  id: 'row-1',
  _xact_id: '1000197156529394086',
  created: '2026-05-12T23:48:21.623Z',
  error: null,
  tags: ['a', 'b'],
  scores: { good: 0.5, zero: 0 },
  metrics: { start: 10, end: 12.5, tokens: 66 },
  metadata: { model: 'gpt-4o-mini', list: [{ x: 1 }, { x: 2 }], 'a b': true, none: null },
  input: 'The quick brown_fox, 100% sure\nover two lines',
  output: { message: { content: 'Zweiundvierzig Füße' } },
};
const CONTEXT = {
  columns: new Set(ROW_KEYS.project_logs),
  now: new Date('2026-05-13T00:00:00Z'),
};

function evaluate(text: string): unknown {
  const expression = compile(parseExpressionText(text), CONTEXT);
  return expression({ field: (name) => ROW[name] });
}

describe('an expression gives', () => {
  it.each<[string, unknown]>([
    ["id = 'row-1'", true],
    ["id != 'row-1'", false],
    ["id <> 'other'", true],
    ["_xact_id > '1000197156529394085'", true],
    ["_xact_id <= '1000197156529394086'", true],
    ['metrics.end - metrics.start = 2.5', true],
    ['metrics.tokens % 4', 2],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['-metrics.tokens < 0', true],
    ['metrics.tokens / 0', null],
    ['metadata.list[0].x', 1],
    ['metadata.list[-1].x', 2],
    ['metadata.list[5].x', null],
    ['metadata."a b"', true],
    ['metadata.model.deeper', null],
    ["metadata.model in ['gpt-4o', 'gpt-4o-mini']", true],
    ["metadata.model not in ['gpt-4o']", true],
    ["tags in ('b', 'c')", true],
    ["tags includes 'a'", true],
    ["tags contains ['a', 'z']", false],
    ["contains(tags, 'b')", true],
    ["input like 'The%lines'", true],
    ["input like 'the%'", false],
    ["input ilike 'the%'", true],
    [String.raw`input like '%100\%%'`, true],
    [String.raw`input like '%10_\%%'`, false],
    ["output like '%Zwei%'", false],
    ["output match 'füße'", true],
    ["output match 'zwei'", false],
    ["input match 'quick'", true],
    ["coalesce(error, metadata.none, 'x')", 'x'],
    ["nullif('a', 'a')", null],
    ['least(3, null, 2)', 2],
    ['greatest(3, null, 2)', 3],
    ["upper('straße')", 'STRASSE'],
    ["lower('ÀB')", 'àb'],
    ["concat(id, '-', metadata.model)", 'row-1-gpt-4o-mini'],
    ['len(tags)', 2],
    ["len('añ👍')", 3],
    ['year(created)', 2026],
    ["hour('2026-05-12T23:48:21Z')", 23],
    ['name', null],
    ['metrics.tokens > 50 ? 1 : 2', 1],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['error = 1', null],
    ['error != 1', null],
    ['not (error = 1)', null],
    ['error <=> null', true],
    ['error <!=> 1', true],
    ['error = 1 or true', true],
    ['error = 1 and false', false],
    ['error = 1 and true', null],
    ['error is null', true],
    ['metadata.none is not null', false],
    ['error in [1]', null],
    ['3 in [1, null]', null],
    ["error like '%'", null],
    ["metrics.tokens > 'a'", null],
    ["metrics.tokens = 'a'", false],
  ])('the right of three values for %s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it.each<[string, boolean]>([
    ['created > now() - interval 1 day', true],
    ['created > now() - interval 11 minute', false],
    ["created >= '2026-05-12'", true],
    ["created < '2026-05-13T01:48:21.624+02:00'", true],
    ["created < '2026-05-13T01:48:21.623+02:00'", false],
    ["created + interval 1 month = '2026-06-12T23:48:21.623Z'", true],
    ["date_trunc('hour', created) = '2026-05-12T23:00:00Z'", true],
    ['created >= current_date() - interval 1 week', true],
  ])('times as times: %s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it('the last day of a shorter month', () => {
    expect(evaluate("date_trunc('day', '2026-01-31T00:00:00Z') + interval 1 month")).toEqual(
      new Date('2026-02-28T00:00:00Z'),
    );
  });
});

describe('an expression is refused', () => {
  it.each([
    ['percentile(metrics.end, 1)', 501, 'percentile'],
    ['search(1)', 501, 'search'],
    ['_xact_id > 1000197156529394086', 501, '_xact_id'],
    ['input like metadata.model', 501, 'LIKE'],
    ["input match 'two words'", 501, 'MATCH'],
    ['metadata includes 1', 501, 'INCLUDES'],
    ['nonsense = 1', 400, 'nonsense'],
    ["created > 'yesterday'", 400, 'yesterday'],
    ['lower(id, id)', 400, 'lower'],
    ['now(1)', 400, 'now'],
  ])('%s', (text, status, name) => {
    const run = (): unknown => evaluate(text);
    expect(run).toThrow(Refusal);
    expect(run).toThrow(name);
    expect(run).toThrow(expect.objectContaining({ status }));
  });
});

describe('the range of a filter', () => {
  const rangeOf = (text: string): unknown => xactRangeOf(parseExpressionText(text));

  it('is what all its conditions leave', () => {
    expect(
      rangeOf(
        "_xact_id >= '5' and _xact_id < '9' and (_xact_id > '7' or id > 'x') and _xact_id >= '3'",
      ),
    ).toEqual({ from: '5', to: '9' });
    expect(rangeOf("_xact_id = '5' and id > 'x'")).toEqual({ from: '5', to: '5' });
  });

  it('is open where a condition may not hold', () => {
    expect(rangeOf("_xact_id > '5' or id = 'x'")).toEqual({ from: null, to: null });
    expect(rangeOf("not (_xact_id > '5')")).toEqual({ from: null, to: null });
  });

  it.each([
    ["created > '2026-01-01'", true],
    ["id = 'x'", true],
    ["root_span_id in ['x']", true],
    ['created is not null and metadata.a = 1', false],
    ["created > '2026-01-01' or metadata.a = 1", false],
  ])('decides whether a query is warned of: %s', (text, selective) => {
    expect(isSelective(parseExpressionText(text))).toBe(selective);
  });
});

describe('the order of values', () => {
  it('of text is that of its UTF-8 bytes', () => {
    const texts = ['z', 'é', '\uffee', '\u{1f600}', 'Z', 'za', '\ud7ff'];
    const byBytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...texts].sort(compareText)).toEqual(byBytes);
  });

  it('puts null last', () => {
    expect([null, 2, null, 1].sort(sortOrder)).toEqual([1, 2, null, null]);
  });
});
