import { describe, expect, it } from 'vitest';

import {
  firstPlaces,
  isAtEnd,
  nextPlaces,
  parseRedactionPath,
  STEPS_MAX,
} from '../../../src/redact/redaction-path.js';

/** Whether a path leads to the value at some keys and indexes. */
function reaches(text: string, ...to: readonly (string | number)[]): boolean {
  const path = parseRedactionPath(text);
  if (path === null) throw new Error(`no path: ${text}`);
  const last = to.reduce<number>((places, key) => nextPlaces(path, places, key), firstPlaces(path));
  return isAtEnd(path, last);
}

describe('a redaction path', () => {
  it.each<[string, ...(string | number)[]]>([
    ['metadata', 'metadata'],
    ['metadata.user.email', 'metadata', 'user', 'email'],
    ['metadata["a.b"]', 'metadata', 'a.b'],
    ['["a.b"].c', 'a.b', 'c'],
    [String.raw`["\u0061\""]`, 'a"'],
    ['a["*"]', 'a', '*'],
    ['a.0', 'a', '0'],
    ['a[0]', 'a', 0],
    ['a[12][3]', 'a', 12, 3],
    ['*', 'anything'],
    ['metadata.*.name', 'metadata', 'x', 'name'],
    ['input[*].content', 'input', 7, 'content'],
    ['**.email', 'email'],
    ['**.email', 'a', 3, 'b', 'email'],
    ['a.**.b', 'a', 'b'],
    ['a.**.b', 'a', 'b', 'b'],
    ['a.**.b', 'a', 1, 2, 'b'],
    ['**.a.**.a', 'a', 'x', 'a'],
    ['a.**', 'a', 'b', 2],
    ['**', 'a'],
    ['é😀', 'é😀'],
  ])('%s leads to %j %j %j', (path, ...to) => {
    expect(reaches(path, ...to)).toBe(true);
  });

  it.each<[string, ...(string | number)[]]>([
    ['metadata', 'meta'],
    ['metadata', 'metadata', 'x'],
    ['a.b', 'a'],
    ['a.*', 'a', 0],
    ['a[*]', 'a', '0'],
    ['a[0]', 'a', '0'],
    ['a.0', 'a', 0],
    ['a["*"]', 'a', 'b'],
    ['**.email', 'email', 'x'],
    ['a.**.b', 'b'],
    ['a.**.b', 'a', 'c'],
    ['**.a.**.a', 'a'],
  ])('%s does not lead to %j %j %j', (path, ...to) => {
    expect(reaches(path, ...to)).toBe(false);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a[',
    'a[]',
    'a[x]',
    'a[-1]',
    'a["x]',
    'a.[0]',
    'a***',
    'us*r',
    '[0]b',
  ])('%j is none', (text) => expect(parseRedactionPath(text)).toBeNull());

  it('refuses an unknown escape, and a path without end', () => {
    expect(parseRedactionPath(String.raw`a["\x"]`)).toBeNull();
    expect(parseRedactionPath(Array(STEPS_MAX).fill('a').join('.'))).not.toBeNull();
    expect(
      parseRedactionPath(
        Array(STEPS_MAX + 1)
          .fill('a')
          .join('.'),
      ),
    ).toBeNull();
  });

  it('with as many wildcards as can be leads where it says', () => {
    const path = `${'**.x.'.repeat(14)}end`;
    const way = Array.from({ length: 500 }, () => 'x');
    expect(reaches(path, ...way, 'end')).toBe(true);
    expect(reaches(path, ...way.slice(0, 13), 'end')).toBe(false);
  });
});
