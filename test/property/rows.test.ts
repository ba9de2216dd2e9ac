import { isUtf8 } from 'node:buffer';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FieldValue } from '../../src/interfaces/index.js';
import { splitAnswer } from '../../src/rows/answer.js';
import { rowBatchFromText } from '../../src/rows/row-batch.js';
import { JsonScanner, JsonTextError } from '../../src/rows/scanner.js';
import { textBatch, textsOf } from '../support/rows.js';

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });
/** Any character may be written as an escape. */
const escaped = fc
  .string({ unit: 'binary' })
  .map((text) =>
    Array.from({ length: text.length }, (_, at) => escapeOf(text.charCodeAt(at))).join(''),
  );
const stringText = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  escaped.map((text) => `"${text}"`),
  fc.constantFrom('"id"', String.raw`"\u0069d"`, String.raw`"i\u0064"`, '"a"', '"__proto__"'),
);
const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('-0', '1E+05', '0.10', '123456789012345678901', '1e-7'),
);

/** JSON texts of any shape, with whitespace wherever it may stand and keys that repeat. */
const { value, object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false', 'null'),
    numberText,
    stringText,
    tie('object'),
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }))
      .map(([empty, items]) => `[${empty}${items.map((item) => item.join('')).join(',')}]`),
  ),
  object: fc
    .tuple(
      space,
      fc.array(fc.tuple(space, stringText, space, space, tie('value'), space), { maxLength: 6 }),
    )
    .map(([empty, members]) => {
      const texts = members.map(([a, key, b, c, item, d]) => `${a}${key}${b}:${c}${item}${d}`);
      return `{${empty}${texts.join(',')}}`;
    }),
}));

function escapeOf(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

function scannerAccepts(bytes: Uint8Array): boolean {
  const scanner = new JsonScanner(bytes);
  try {
    return scanner.skipSpace(scanner.skipValue(scanner.skipSpace(0))) === bytes.length;
  } catch (error) {
    if (error instanceof JsonTextError) return false;
    throw error;
  }
}

function parserAccepts(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** What `fields` promises, said with JSON.parse. */
function expectedField(row: Record<string, unknown>, name: string): unknown {
  const field = Object.hasOwn(row, name) ? row[name] : null;
  return typeof field === 'object' && field !== null ? undefined : field;
}

function sameField(actual: FieldValue, expected: unknown): boolean {
  if (typeof expected === 'number') return Object.is(Number(actual), expected);
  if (typeof expected === 'boolean') return actual === String(expected);
  return actual === expected;
}

describe('JSON text', () => {
  it('is accepted when JSON.parse accepts it', () => {
    fc.assert(
      fc.property(space, value, space, (before, text, after) => {
        const bytes = Buffer.from(before + text + after);
        expect(parserAccepts(bytes)).toBe(true);
        expect(scannerAccepts(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is accepted after random changes of bytes exactly when JSON.parse accepts it', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0-.eEu \ntfn'))),
      fc.constantFrom('replace', 'insert', 'remove'),
    );
    let refused = 0;
    fc.assert(
      fc.property(value, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        const bytes = [...Buffer.from(text)];
        for (const [place, byte, kind] of changes) {
          const at = place % (bytes.length + 1);
          bytes.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [byte]));
        }
        const changed = Buffer.from(bytes);
        fc.pre(isUtf8(changed));
        const accepted = parserAccepts(changed);
        if (!accepted) refused += 1;
        expect(scannerAccepts(changed)).toBe(accepted);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});

describe('rows', () => {
  it('have the fields that JSON.parse finds, and keep their text', () => {
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 5 }),
        fc.array(fc.string({ unit: 'binary' }), { maxLength: 2 }),
        (texts, names) => {
          const batch = textBatch(...texts);
          const parsed = texts.map((text) => JSON.parse(text) as Record<string, unknown>);
          const wanted = ['id', 'a', '__proto__', ...names, ...parsed.flatMap(Object.keys)];
          const fields = batch.fields(wanted);
          for (const name of wanted) {
            parsed.forEach((row, index) => {
              const actual = fields[name]?.[index];
              const expected = expectedField(row, name);
              if (!sameField(actual, expected)) {
                throw new Error(`${name}: ${String(actual)} is not ${String(expected)}`);
              }
            });
          }
          expect(textsOf(batch)).toEqual(texts);
          expect(batch.objects()).toEqual(parsed);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('come out of an answer as they went in, wherever `data` stands', () => {
    const others = fc.uniqueArray(fc.tuple(stringText, value), {
      selector: ([key]) => JSON.parse(key) as string,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 4 }),
        others,
        fc.nat(3),
        (texts, members, place) => {
          const rest = members.filter(([key]) => JSON.parse(key) !== 'data');
          const written = rest.map(([key, text]) => `${key}:${text}`);
          written.splice(place, 0, `"data":[${texts.join(' ,\n')}]`);
          const answer = splitAnswer(Buffer.from(`{${written.join(',')}}`));
          expect(textsOf(answer.rows)).toEqual(texts);
          const expected = rest.map(([key, text]) => [JSON.parse(key), JSON.parse(text)] as const);
          expect(new Map(Object.entries(answer.rest))).toEqual(new Map(expected));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are refused as text exactly when JSON.parse refuses them or gives no object', () => {
    fc.assert(
      fc.property(fc.oneof(object, value), fc.nat(), (text, cut) => {
        const bytes = Buffer.from(text).subarray(0, (cut % Buffer.byteLength(text)) + 1);
        fc.pre(isUtf8(bytes));
        const whole = parserAccepts(bytes) && bytes[0] === 0x7b && bytes.at(-1) === 0x7d;
        const take = (): unknown => rowBatchFromText(bytes, Uint32Array.of(0, bytes.length));
        if (whole) expect(take).not.toThrow();
        else expect(take).toThrow(expect.objectContaining({ code: 'ROW_INVALID' }));
      }),
      { numRuns: 500 },
    );
  });
});
