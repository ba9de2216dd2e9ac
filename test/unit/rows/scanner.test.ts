import { describe, expect, it } from 'vitest';

import { JsonScanner, JsonTextError } from '../../../src/rows/scanner.js';

function scan(text: string): number {
  return new JsonScanner(Buffer.from(text)).skipValue(0);
}

function problemOf(text: string): JsonTextError {
  try {
    scan(text);
  } catch (error) {
    if (error instanceof JsonTextError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('JsonScanner', () => {
  it.each([
    '{}',
    '[]',
    '""',
    '0',
    '-0',
    '-0.0e-10',
    '12.5E+3',
    '1e5',
    'true',
    'false',
    'null',
    '{ "a" : [ 1 , { } , [ ] ] , "b" : "x" }',
    String.raw`"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\ud800"`,
    '"é😀\u007f"',
  ])('measures %s to its end', (text) => {
    expect(scan(text)).toBe(Buffer.byteLength(text));
    expect(scan(`${text} ,`)).toBe(Buffer.byteLength(text));
  });

  it.each([
    ['-', 1],
    ['1.', 2],
    ['1e', 2],
    ['1e+', 3],
    ['tru', 3],
    ['"abc', 4],
    ['"abc\\', 5],
    ['"abc\\u12', 8],
    ['[1', 2],
    ['[1,', 3],
    ['{', 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
  ])('tells that %s is cut off', (text, offset) => {
    expect(problemOf(text)).toMatchObject({ message: 'the text is cut off', offset });
  });

  it.each([
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['{a:1}', 1],
    ['{"a" 1}', 5],
    ['{"a":1]', 6],
    ['[1}', 2],
    ['[1 2]', 3],
    ['"\u0001"', 1],
    ['"long enough\u001fto pass words"', 12],
    ['"\n"', 1],
    ['"\\x"', 2],
    ['"\\u12g4"', 5],
    ['-a', 1],
    ['.5', 0],
    ['+1', 0],
    ['1.e5', 2],
    ['trUe', 2],
    ['NaN', 0],
    ["'a'", 0],
    ['\ufeff1', 0],
    ['\u00a01', 0],
    ['', 0],
  ])('refuses %j and names the byte', (text, offset) => {
    expect(problemOf(text).offset).toBe(offset);
  });

  it('stops a number with a leading zero after the zero', () => {
    expect(scan('01')).toBe(1);
  });

  it('takes 100,000 nested containers', () => {
    const depth = 100_000;
    const arrays = '['.repeat(depth) + ']'.repeat(depth);
    const objects = '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(scan(arrays)).toBe(arrays.length);
    expect(scan(objects)).toBe(objects.length);
    expect(problemOf(arrays.slice(0, -1)).offset).toBe(arrays.length - 1);
    expect(problemOf(`${arrays.slice(0, -1)}}`).offset).toBe(arrays.length - 1);
  });

  it('finds a quote at every place of a word', () => {
    for (let length = 0; length < 20; length += 1) {
      expect(scan(`"${'x'.repeat(length)}"`)).toBe(length + 2);
      expect(scan(`"${'x'.repeat(length)}\\""`)).toBe(length + 4);
      expect(problemOf(`"${'x'.repeat(length)}\u001f${'x'.repeat(9)}"`).offset).toBe(length + 1);
    }
  });

  it('works inside a view that does not begin at the start of its memory', () => {
    const bytes = Buffer.from('xxx{"a":"b"}').subarray(3);
    expect(new JsonScanner(bytes).skipValue(0)).toBe(9);
  });
});
