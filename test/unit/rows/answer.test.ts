import { describe, expect, it } from 'vitest';

import { isExportError } from '../../../src/errors/index.js';
import type { ExportError } from '../../../src/errors/index.js';
import { splitAnswer, splitAnswerInSlices } from '../../../src/rows/answer.js';

function problemOf(body: string | Uint8Array): ExportError {
  try {
    splitAnswer(Buffer.from(body));
  } catch (error) {
    if (isExportError(error, 'SOURCE_PROTOCOL')) return error;
    throw error;
  }
  throw new Error('the answer was accepted');
}

function textsOf(body: string): string[] {
  const { bytes, bounds } = splitAnswer(Buffer.from(body)).rows.text();
  const texts: string[] = [];
  for (let at = 0; at < bounds.length; at += 2) {
    texts.push(Buffer.from(bytes.subarray(bounds[at], bounds[at + 1])).toString());
  }
  return texts;
}

describe('splitAnswer', () => {
  it('gives rows as the source wrote them, and the other members parsed, in any key order', () => {
    const rows = '"data": [ {"id":1.0e2 } ,\n{ "id" : "é","n":12345678901234567890}]';
    const before = `{"cursor":"c","schema":{"a":[1]}, ${rows}}`;
    const after = ` { ${rows} , "cursor":"c","schema":{"a":[1]}}\n`;
    for (const body of [before, after]) {
      expect(textsOf(body)).toEqual(['{"id":1.0e2 }', '{ "id" : "é","n":12345678901234567890}']);
      expect(splitAnswer(Buffer.from(body)).rest).toEqual({ cursor: 'c', schema: { a: [1] } });
    }
  });

  it('takes an answer without rows', () => {
    const { rows, rest } = splitAnswer(Buffer.from('{"data":[ ]}'));
    expect([rows.length, rows.byteLength, rest]).toEqual([0, 0, {}]);
    expect(rows.fields(['id'])).toEqual({ id: [] });
  });

  it('finds `data` when its key is written with escapes', () => {
    expect(textsOf(String.raw`{"d\u0061ta":[{}]}`)).toEqual(['{}']);
  });

  it('lets the last of duplicate members win, and keeps a member `__proto__` a plain member', () => {
    const { rest } = splitAnswer(Buffer.from('{"a":1,"data":[],"a":2,"__proto__":{"x":1}}'));
    expect(Object.keys(rest)).toEqual(['a', '__proto__']);
    expect(rest['a']).toBe(2);
    expect(Object.getPrototypeOf(rest)).toBe(Object.prototype);
  });

  it('refuses an answer cut off at any byte', () => {
    const body = '{"schema":null,"data":[{"id":"a","n":-1.5e3},{"id":"é"}],"cursor":"x"}';
    const bytes = Buffer.from(body);
    for (let length = 0; length < bytes.length; length += 1) {
      const error = problemOf(bytes.subarray(0, length));
      expect(error.message).toMatch(/cut off|not UTF-8/);
      expect(error.details['offset']).toBeLessThanOrEqual(length);
    }
    expect(splitAnswer(bytes).rows.length).toBe(2);
  });

  it('names the row in which the answer is cut off', () => {
    const error = problemOf('{"data":[{"id":1},{"id":"secret');
    expect(error.details).toEqual({ rowIndex: 1, offset: 31 });
    expect(error.message).not.toContain('secret');
  });

  it.each([
    ['a row that is not an object', '{"data":[{},7]}', /row 1 that is not an object/, 1],
    ['a null row', '{"data":[null]}', /row 0 that is not an object/, 0],
    ['a row that is an array', '{"data":[{},[{}]]}', /row 1 that is not an object/, 1],
    ['broken JSON in a row', '{"data":[{},{"a":tru}]}', /not whole JSON.*row 1/, 1],
    ['a comma after the last row', '{"data":[{},]}', /not whole JSON/, 1],
  ])('refuses %s and names it', (...[, body, message, rowIndex]) => {
    const error = problemOf(body);
    expect(error.message).toMatch(message);
    expect(error.details['rowIndex']).toBe(rowIndex);
  });

  it.each([
    ['an array', '[]', /not a JSON object/],
    ['a string', '"data"', /not a JSON object/],
    ['a page of HTML', '<html>', /not whole JSON.*byte 0/],
    ['nothing', '', /cut off/],
    ['no data', '{"cursor":null}', /has no `data`/],
    ['an empty object', '{}', /has no `data`/],
    ['data that is null', '{"data":null}', /`data` that is not an array/],
    ['data that is an object', '{"data":{"id":1}}', /`data` that is not an array/],
    ['data twice', '{"data":[],"data":[]}', /two members `data`/],
    ['something after its end', '{"data":[]}{"data":[]}', /goes on after its end, at byte 11/],
    ['a member without a value', '{"data":[],"cursor":}', /not whole JSON/],
  ])('refuses an answer that is %s', (_, body, message) => {
    expect(problemOf(body).message).toMatch(message);
  });

  it('refuses text that is not UTF-8 and names the byte', () => {
    const body = Buffer.from('{"data":[{"a":"xx"}]}');
    body[16] = 0xff;
    expect(problemOf(body).details).toEqual({ offset: 16 });
  });

  it('takes a row of 20 MB', () => {
    const row = `{"id":"a","input":"${'x'.repeat(20_000_000)}"}`;
    const { rows } = splitAnswer(Buffer.from(`{"data":[${row}]}`));
    expect(rows.byteLength).toBe(row.length);
    expect(rows.fields(['id'])['id']).toEqual(['a']);
  });
});

describe('splitAnswerInSlices', () => {
  const row = JSON.stringify({ id: 'r', text: 'x'.repeat(5_000) });
  const big = Buffer.from(`{"data":[${Array(1_000).fill(row).join(',')}],"cursor":"c"}`);

  it('gives what splitAnswer gives', async () => {
    const sliced = await splitAnswerInSlices(big);
    const whole = splitAnswer(big);
    expect(sliced.rest).toEqual(whole.rest);
    expect(sliced.rows.text().bounds).toEqual(whole.rows.text().bounds);
    expect(sliced.rows.fields(['id'])).toEqual(whole.rows.fields(['id']));
  });

  it('gives the event loop a turn after every 256 KiB', async () => {
    let turns = 0;
    let busy = true;
    const count = (): void => {
      turns += 1;
      if (busy) setImmediate(count);
    };
    setImmediate(count);
    await splitAnswerInSlices(big);
    busy = false;
    expect(turns).toBeGreaterThanOrEqual(16);
  });

  it('rejects as splitAnswer throws', async () => {
    const cut = big.subarray(0, big.length - 100);
    await expect(splitAnswerInSlices(cut)).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
      details: { offset: cut.length, rowIndex: 999 },
    });
  });
});
