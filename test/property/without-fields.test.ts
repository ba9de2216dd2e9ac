import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { rowBatchFromObjects } from '../../src/rows/row-batch.js';
import { withoutFields } from '../../src/rows/without-fields.js';
import { textBatch, textsOf } from '../support/rows.js';

const key = fc.oneof(fc.constantFrom('id', 'a', '__proto__', 'größe', 'a"b'), fc.string());
const row = fc.array(fc.tuple(key, fc.jsonValue(), fc.boolean()), { maxLength: 6 });
const space = fc.constantFrom('', ' ', '\n\t');

/** JSON of members in their order, which may repeat; keys with every character escaped where asked for. */
const textOf = (members: readonly (readonly [string, unknown, boolean])[], gap = ''): string =>
  `{${gap}${members
    .map(([name, value, escaped]) => `${keyText(name, escaped)}:${JSON.stringify(value)}`)
    .join(`${gap},${gap}`)}${gap}}`;

function keyText(name: string, escaped: boolean): string {
  if (!escaped) return JSON.stringify(name);
  const codes = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at));
  return `"${codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')}"`;
}

describe('withoutFields', () => {
  it('keeps every other member as it was written, in its order', () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(key, { minLength: 1 }), space, (rows, names, gap) => {
        const texts = rows.map((members) => textOf(members, gap));
        const kept = rows.map((members) =>
          textOf(members.filter(([name]) => !names.includes(name))),
        );
        expect(textsOf(withoutFields(textBatch(...texts), names))).toEqual(kept);
      }),
    );
  });

  it('keeps the spelling of numbers and texts', () => {
    const batch = textBatch('{"id": "x", "n": 12345678901234567890, "a": "\\u0041", "id": 1}');
    expect(textsOf(withoutFields(batch, ['id']))).toEqual([
      '{"n": 12345678901234567890,"a": "\\u0041"}',
    ]);
  });

  it('leaves an empty object of a row that loses all it has', () => {
    const batch = rowBatchFromObjects([{ a: 1 }, { a: 2, b: 3 }]);
    expect(textsOf(withoutFields(batch, ['a']))).toEqual(['{}', '{"b":3}']);
  });

  it('can be read and cut again', () => {
    const batch = withoutFields(textBatch('{"a":1,"b":2,"c":3}').slice(0, 1), ['b']);
    expect(batch.fields(['a', 'b', 'c'])).toEqual({ a: ['1'], b: [null], c: ['3'] });
    expect(textsOf(withoutFields(batch, ['a']))).toEqual(['{"c":3}']);
  });
});
