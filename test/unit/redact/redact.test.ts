import { createHash, createHmac } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { type RedactRule, type Row, createExporter, redact } from '../../../src/index.js';

const KEY = 'a secret of more than 16 bytes';

/** A row in which nothing may be changed. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

function redacted(rule: RedactRule, row: Row): Row {
  return redact(rule)(frozen(row));
}

describe('redact with paths', () => {
  const row = {
    id: 'r1',
    input: [
      { role: 'user', content: 'my name is Ann' },
      { role: 'bot', content: null },
    ],
    metadata: { user: { email: 'ann@example.com', age: 31, tags: ['a', 'b'] }, model: 'm' },
    output: 'hello Ann',
  };

  it('masks the values that they lead to, and nothing else', () => {
    const rule = { paths: ['input[*].content', 'metadata.user.*', 'nothing.at.all'], mask: 'XX' };
    expect(redacted(rule, row)).toEqual({
      ...row,
      input: [
        { role: 'user', content: 'XX' },
        { role: 'bot', content: null },
      ],
      metadata: { user: { email: 'XX', age: 'XX', tags: 'XX' }, model: 'm' },
    });
  });

  it('hashes with HMAC-SHA-256: strings by their text, others by their JSON', () => {
    const user = redacted({ paths: ['metadata.user.*'], hash: { key: KEY } }, row)['metadata'];
    const hash = (text: string): string =>
      createHmac('sha256', KEY).update(text).digest('hex').slice(0, 32);
    expect(user).toEqual({
      user: { email: hash('ann@example.com'), age: hash('31'), tags: hash('["a","b"]') },
      model: 'm',
    });
  });

  it('hashes in the length asked for, with the same key as bytes, or without one if asked', () => {
    const rule = { paths: ['output'], hash: { key: Buffer.from(KEY), length: 64 } };
    const hashed = redacted(rule, row)['output'];
    expect(hashed).toBe(createHmac('sha256', KEY).update('hello Ann').digest('hex'));
    const plain = redacted({ paths: ['output'], hash: { unkeyed: true, length: 16 } }, row);
    expect(plain['output']).toBe(
      createHash('sha256').update('hello Ann').digest('hex').slice(0, 16),
    );
  });

  it('drops members and items', () => {
    expect(redacted({ paths: ['**.tags[0]', 'input[1]', '**.email'], drop: true }, row)).toEqual({
      ...row,
      input: [{ role: 'user', content: 'my name is Ann' }],
      metadata: { user: { age: 31, tags: ['b'] }, model: 'm' },
    });
  });

  it.each([
    ['1234567890', '***7890'],
    ['12345678', '***5678'],
    ['1234567', '***'],
    ['', '***'],
    ['a😀b😀c😀d😀', '***c😀d😀'],
  ])('keeps the last 4 of %j: %j', (text, expected) => {
    expect(redacted({ paths: ['x'], mask: { keepLast: 4 } }, { x: text })).toEqual({ x: expected });
  });

  it('gives back the very same row, and the same parts, where nothing is redacted', () => {
    expect(redacted({ paths: ['no.such'], mask: 'X' }, row)).toBe(row);
    const result = redacted({ paths: ['metadata.user.email'], mask: 'X' }, row);
    expect(result['input']).toBe(row.input);
    expect((result['metadata'] as typeof row.metadata).user.tags).toBe(row.metadata.user.tags);
  });

  it('never reaches what rows are told apart by, but what has such a name deeper', () => {
    const other = { id: 'r1', created: 'c', span_id: 's', a: { id: 'secret', created: 'x' } };
    for (const paths of [['*'], ['**'], ['**.id', '**.created', '**.span_id']]) {
      const result = redacted({ paths, drop: true }, other);
      expect(result).toMatchObject({ id: 'r1', created: 'c', span_id: 's' });
      expect(JSON.stringify(result)).not.toContain('secret');
    }
  });

  it('keeps keys that JavaScript could take for something else', () => {
    const odd = JSON.parse('{"__proto__":{"x":1},"1":2,"a":{"__proto__":"s","b":3}}') as Row;
    const result = redacted({ paths: ['a.b'], mask: 'X' }, odd);
    expect(JSON.stringify(result)).toBe(
      '{"1":2,"__proto__":{"x":1},"a":{"__proto__":"s","b":"X"}}',
    );
  });
});

describe('redact with patterns', () => {
  const EMAIL = /[\w.]+@[\w.]+/;

  it('redacts every match in every string, whatever the flags', () => {
    const row = { id: 'a@b.c', x: 'to a@b.c, d@e.f', y: [{ z: 'g@h.i' }], n: 5, k: { 'j@k.l': 1 } };
    const expected = { ...row, x: 'to <>, <>', y: [{ z: '<>' }] };
    for (const flags of ['', 'g', 'y', 'gy', 'giu']) {
      const pattern = new RegExp(EMAIL.source, flags);
      pattern.lastIndex = 3;
      const redactor = redact({ patterns: [pattern], mask: '<>' });
      expect([redactor(row), redactor(row)]).toEqual([expected, expected]);
      expect(pattern.lastIndex).toBe(3);
    }
    expect(redacted({ patterns: [EMAIL.source], mask: '<>' }, row)).toEqual(expected);
  });

  it('looks only at and below the paths, if there are any', () => {
    const row = { a: 'x@y', b: ['x@y', { c: 'x@y' }] };
    expect(redacted({ paths: ['b'], patterns: [EMAIL], mask: '<>' }, row)).toEqual({
      a: 'x@y',
      b: ['<>', { c: '<>' }],
    });
  });

  it('hashes, cuts out, or keeps the end of each match', () => {
    const row = { x: 'card 4111111111111111 of a@b.c' };
    const card = { patterns: [/\d{16}/] };
    expect(redacted({ ...card, mask: { keepLast: 4, text: '*' } }, row).x).toBe(
      'card *1111 of a@b.c',
    );
    expect(redacted({ ...card, drop: true }, row).x).toBe('card  of a@b.c');
    const hash = createHmac('sha256', KEY).update('a@b.c').digest('hex').slice(0, 16);
    expect(redacted({ patterns: [EMAIL], hash: { key: KEY, length: 16 } }, row).x).toBe(
      `card 4111111111111111 of ${hash}`,
    );
  });

  it('takes the mask for text, not for a template', () => {
    expect(redacted({ patterns: [/b/], mask: '$&$1$$' }, { x: 'abc' })).toEqual({ x: 'a$&$1$$c' });
  });

  it('puts nothing where nothing matches', () => {
    expect(redacted({ patterns: [/a*/], mask: 'X' }, { x: 'baac' })).toEqual({ x: 'bXc' });
    const row = { x: 'bc' };
    expect(redacted({ patterns: [/a*/], mask: 'X' }, row)).toBe(row);
  });

  it('redacts strings above the limit whole, without a search', () => {
    const rule = { patterns: [/z/], mask: 'X', maxTextLength: 3 };
    expect(redacted(rule, { a: 'abc', b: 'abcd', c: 'zbc' })).toEqual({
      a: 'abc',
      b: 'X',
      c: 'Xbc',
    });
  });

  it('sees what a Date or its like will be in JSON', () => {
    const row = { at: new Date(0), user: { toJSON: () => 'ann@b.c' } } as unknown as Row;
    expect(redact({ patterns: [/1970|ann/], mask: 'X' })(row)).toEqual({
      at: 'X-01-01T00:00:00.000Z',
      user: 'X@b.c',
    });
  });
});

describe('redact with several rules', () => {
  it('applies them in their order', () => {
    const redactor = redact(
      { patterns: [/ann/i], mask: 'bob' },
      { patterns: [/bob/], mask: 'X' },
      { paths: ['secret'], drop: true },
    );
    expect(redactor({ x: 'Ann and bob', secret: 1 })).toEqual({ x: 'X and X' });
  });
});

describe('bad rules of redact', () => {
  it.each<[unknown, RegExp]>([
    [{}, /`paths` or `patterns` must be given; `hash` or `mask` or `drop` must be given/],
    [{ paths: ['a'] }, /`hash` or `mask` or `drop` must be given, and only one/],
    [{ paths: ['a'], mask: 'x', drop: true }, /only one of them/],
    [{ paths: [], mask: 'x' }, /`paths` must be an array with one item at least, not an empty one/],
    [{ paths: 'a', mask: 'x' }, /`paths` must be an array .* not a string/],
    [{ paths: ['a', 'b..c'], mask: 'x' }, /`paths\[1\]` is no path .* but "b\.\.c"/],
    [{ paths: [5], mask: 'x' }, /`paths\[0\]` is no path .* but a number/],
    [{ paths: ['_xact_id'], mask: 'x' }, /`paths\[0\]` leads to `_xact_id`, by which rows/],
    [{ paths: ['["id"]'], hash: { key: KEY } }, /leads to `id`/],
    [{ paths: ['span_parents[0]'], mask: 'x' }, /leads to `span_parents`/],
    [
      { patterns: ['(a'], mask: 'x' },
      /`patterns\[0\]` does not compile: Invalid regular expression/,
    ],
    [{ patterns: [''], mask: 'x' }, /`patterns\[0\]` must not be empty/],
    [{ patterns: [{}], mask: 'x' }, /`patterns\[0\]` must be a RegExp or the text of one/],
    [
      { paths: ['a'], hash: {} },
      /`hash\.key` must be a secret of 16 bytes at least, not undefined/,
    ],
    [{ paths: ['a'], hash: { key: 'short' } }, /`hash\.key` must be .* not 5 bytes/],
    [{ paths: ['a'], hash: { key: KEY, unkeyed: true } }, /`hash\.key` has no meaning/],
    [{ paths: ['a'], hash: { key: KEY, length: 8 } }, /`hash\.length` must be .* from 16 to 64/],
    [{ paths: ['a'], hash: KEY }, /`hash` must be an object/],
    [{ paths: ['a'], mask: {} }, /`mask\.keepLast` must be a whole number/],
    [{ paths: ['a'], mask: { keepLast: 4, text: '' } }, /`mask\.text` must be a non-empty string/],
    [{ paths: ['a'], drop: false }, /`drop` must be true, or left out/],
    [{ paths: ['a'], drop: true, maxTextLength: 5 }, /`maxTextLength` has no meaning/],
    [{ paths: ['a'], mask: 'x', keys: true }, /`keys` is not an option/],
    [null, /the options must be an object/],
  ])('%j are refused', (rule, message) => {
    expect(() => redact(rule as RedactRule)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('are named by their number, and there must be one', () => {
    const good = { paths: ['a'], mask: 'x' };
    expect(() => redact(good, {})).toThrow(/^redact, rule 2: /);
    expect(() => redact()).toThrow(/one rule at least/);
  });

  it('never show the key', () => {
    const rule = { paths: ['a'], hash: { key: 'tiny-secret', length: 1 } };
    expect(() => redact(rule)).toThrow(/^(?!.*tiny-secret)/s);
  });
});

describe('createExporter', () => {
  it('knows what a dead letter may hold', () => {
    expect(() => createExporter({ deadLetterRows: 'none' } as never)).toThrow(
      /`deadLetterRows` must be one of 'source', 'identity'/,
    );
  });
});
