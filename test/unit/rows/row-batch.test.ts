import { describe, expect, it } from 'vitest';

import type { Row, RowBatch } from '../../../src/interfaces/index.js';
import { rowBatchFromObjects, rowBatchFromText } from '../../../src/rows/row-batch.js';
import { textBatch, textsOf } from '../../support/rows.js';

describe('rowBatchFromText', () => {
  it('gives back the text it was given, in the same memory', () => {
    const bytes = Buffer.from('x{"a":1}y{"a": 2}z');
    const batch = rowBatchFromText(bytes, Uint32Array.of(1, 8, 9, 17));
    expect(textsOf(batch)).toEqual(['{"a":1}', '{"a": 2}']);
    expect([batch.length, batch.byteLength]).toEqual([2, 15]);
    expect(batch.text().bytes).toBe(bytes);
  });

  it('reads scalars: strings decoded, numbers and booleans as written, null and absent as null', () => {
    const batch = textBatch(
      String.raw`{"s":"a\n\ud83d\ude00é","n":1.50E1,"b":false,"z":null,"o":{},"l":[1]}`,
      '{}',
    );
    expect(batch.fields(['s', 'n', 'b', 'z', 'o', 'l'])).toEqual({
      s: ['a\n😀é', null],
      n: ['1.50E1', null],
      b: ['false', null],
      z: [null, null],
      o: [undefined, null],
      l: [undefined, null],
    });
  });

  it('does not take an escape for the characters that spell it', () => {
    const batch = textBatch(String.raw`{"\n":"a line break","\\n":"two characters"}`);
    expect(batch.fields(['\n', '\\n'])).toEqual({
      '\n': ['a line break'],
      '\\n': ['two characters'],
    });
  });

  it('lets the last of duplicate keys win, an escaped one included', () => {
    const batch = textBatch(
      '{"id":"a","id":"b"}',
      String.raw`{"id":"a","\u0069d":"c"}`,
      String.raw`{"\u0069d":"c","id":"d"}`,
      '{"id":"a","id":null}',
    );
    expect(batch.fields(['id'])['id']).toEqual(['b', 'c', 'd', null]);
  });

  it('reads top-level members only', () => {
    const batch = textBatch('{"x":{"id":"inner"},"y":["id","no"],"z":"\\"id\\":1"}');
    expect(batch.fields(['id'])['id']).toEqual([null]);
  });

  it('tells names that look alike apart', () => {
    const batch = textBatch('{"idx":"1","i":"2","ID":"3","":"4","é":"5","__proto__":"6"}');
    const fields = batch.fields(['id', '', 'é', '__proto__', '\ud800']);
    expect(Object.entries(fields)).toEqual([
      ['id', [null]],
      ['', ['4']],
      ['é', ['5']],
      ['__proto__', ['6']],
      ['\ud800', [null]],
    ]);
  });

  it('tells a lone surrogate from the replacement character', () => {
    const batch = textBatch(String.raw`{"\ud800":"1","�":"2"}`);
    expect(batch.fields(['\ud800', '\ufffd'])).toEqual({ '\ud800': ['1'], '\ufffd': ['2'] });
  });

  it('parses objects once', () => {
    const batch = textBatch('{"a":{"b":[1]}}');
    expect(batch.objects()).toEqual([{ a: { b: [1] } }]);
    expect(batch.objects()).toBe(batch.objects());
  });

  it('shares memory with slices and selections, which agree in every form', () => {
    const batch = textBatch('{"id":"0"}', '{"id":"1","x":22}', '{"id":"2"}', '{"id":"3"}');
    const parts: [RowBatch, string[]][] = [
      [batch.slice(1, 3), ['1', '2']],
      [batch.slice(2, 2), []],
      [batch.select([0, 3]), ['0', '3']],
      [batch.slice(1, 4).select([0, 2]), ['1', '3']],
    ];
    for (const [part, ids] of parts) {
      expect(part.text().bytes).toBe(batch.text().bytes);
      expect(part.fields(['id'])['id']).toEqual(ids);
      expect(part.objects().map((row) => row['id'])).toEqual(ids);
      expect(part.byteLength).toBe(textsOf(part).join('').length);
    }
  });

  it('refuses slices and selections outside of the batch', () => {
    const batch = textBatch('{}', '{}');
    expect(() => batch.slice(1, 3)).toThrow(/no rows 1 to 3/);
    expect(() => batch.slice(-1, 1)).toThrow(/no rows/);
    expect(() => batch.select([1, 0])).toThrow(/ascend/);
    expect(() => batch.select([2])).toThrow(/ascend/);
  });

  it.each([
    ['a number', '7', 0],
    ['an array', '[]', 0],
    ['cut off', '{"a":"b', 7],
    ['followed by more', '{} ', 2],
    ['not JSON', '{"a":b}', 5],
    ['empty', '', 0],
  ])('refuses a row that is %s and names row and byte', (_, text, offset) => {
    expect(() => textBatch('{"id":"fine"}', text, '{}')).toThrow(
      expect.objectContaining({ code: 'ROW_INVALID', details: { rowIndex: 1, offset } }),
    );
  });

  it('refuses a row that is not UTF-8, and takes anything between the rows', () => {
    const bytes = Buffer.from('{"a":"x"}-{"a":"y"}');
    const bounds = Uint32Array.of(0, 9, 10, 19);
    bytes[9] = 0xff;
    expect(rowBatchFromText(bytes, bounds).length).toBe(2);
    bytes[16] = 0xff;
    expect(() => rowBatchFromText(bytes, bounds)).toThrow(
      expect.objectContaining({ code: 'ROW_INVALID', details: { rowIndex: 1, offset: 6 } }),
    );
  });

  it('refuses bounds that overlap or leave the buffer', () => {
    const bytes = Buffer.from('{}{}');
    for (const bounds of [[0, 2, 1, 4], [2, 4, 0, 2], [0, 5], [0]]) {
      expect(() => rowBatchFromText(bytes, Uint32Array.from(bounds))).toThrow(/bounds/);
    }
  });
});

describe('rowBatchFromObjects', () => {
  it('gives the objects back and makes their text on demand, once', () => {
    let calls = 0;
    const row = { toJSON: (): Row => ((calls += 1), { id: 'é', n: 1 }) };
    const batch = rowBatchFromObjects([row, { id: 'b' }]);
    expect(batch.objects()[0]).toBe(row);
    expect(calls).toBe(0);
    expect(textsOf(batch)).toEqual(['{"id":"é","n":1}', '{"id":"b"}']);
    expect(batch.byteLength).toBe(27);
    expect(batch.fields(['id', 'n'])).toEqual({ id: ['é', 'b'], n: ['1', null] });
    expect(calls).toBe(1);
  });

  it('does not see later changes of the array it was made of', () => {
    const rows = [{ id: 'a' }];
    const batch = rowBatchFromObjects(rows);
    rows.push({ id: 'b' });
    expect(batch.length).toBe(1);
  });

  it('slices and selects before and after its text was made', () => {
    const batch = rowBatchFromObjects([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    for (let round = 0; round < 2; round += 1) {
      expect(textsOf(batch.slice(1, 3))).toEqual(['{"id":"b"}', '{"id":"c"}']);
      expect(batch.select([0, 2]).objects()).toEqual([{ id: 'a' }, { id: 'c' }]);
      expect(batch.select([2]).fields(['id'])['id']).toEqual(['c']);
      batch.text();
    }
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  it.each<[string, Row]>([
    ['a BigInt', { n: 1n }],
    ['a cycle', cycle],
    ['a toJSON that gives nothing', { toJSON: () => undefined }],
    ['NaN, which JSON would turn into null', { value: Number.NaN }],
    ['an infinity deep inside', { list: [{ value: -Infinity }] }],
    ['a hole in an array', { list: [1, undefined, 3] }],
    ['a function for a value', { value: () => 1 }],
    ['a map, which JSON would empty', { value: new Map([['a', 1]]) }],
    ['a toJSON that gives a string', { toJSON: () => 'x' }],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') }],
    ['nesting too deep for the stack', JSON.parse('{"a":'.repeat(1e5) + '1' + '}'.repeat(1e5))],
  ])('refuses a row with %s and names it', (_, row) => {
    const batch = rowBatchFromObjects([{ id: 'fine' }, row]);
    expect(() => batch.text()).toThrow(
      expect.objectContaining({ code: 'ROW_UNENCODABLE', details: { rowIndex: 1 } }),
    );
    expect(batch.slice(0, 1).byteLength).toBe(13);
  });
});
