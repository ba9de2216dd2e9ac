import { describe, expect, it } from 'vitest';

import { filterTextProblem } from '../../../src/braintrust/query/filter-text.js';

describe('a filter', () => {
  it.each([
    "metadata.tier = 'gold'",
    `scores.quality > 0.5 and (tags includes 'a' or metadata."b c"[0].x is not null)`,
    "input = 'it''s | limit: 5 -- no comment'",
    "input = 'a\\'b;'",
    'error is null ? true : metadata.from = 1',
    "created > now() -\n  interval 7 day\n  and id in ['a', 'b']",
    '- 1 < 2',
  ])('may be %s', (text) => {
    expect(filterTextProblem(text)).toBeNull();
  });

  it.each([
    ['', /blank/],
    [' \n', /blank/],
    ["a = 'open", /quote at 5/],
    ["a = 'open''", /quote at 5/],
    ["a = 'open\\'", /quote at 5/],
    ['a = (1', /"\(" at 5/],
    ['a = 1)', /"\)" at 6/],
    ['(a = [1)]', /"\)" at 8/],
    ['a = 1 | limit: 5', /"\|" at 7/],
    ['a = 1; drop', /";" at 6/],
    ['a = 1 -- x', /comment at 7/],
    ['a = 1 /* x', /comment at 7/],
    ['a = 1\nlimit: 5', /clause "limit:" at 7/],
    ['(a = 1\r\n  Sort : a)', /clause "Sort:"/],
    ['select: *', /clause "select:" at 1/],
    ['a = \ud800', /surrogate/],
  ])('may not be %j', (text, problem) => {
    expect(filterTextProblem(text)).toMatch(problem);
  });
});
