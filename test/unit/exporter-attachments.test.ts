import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { annotateRows, type Annotation } from '../../src/exporter/attachments/annotate-rows.js';
import { isWanted } from '../../src/exporter/attachments/attachment-options.js';
import { findReferences } from '../../src/exporter/attachments/find-references.js';
import type { AttachmentFetcher } from '../../src/interfaces/index.js';
import { textBatch, textsOf } from '../support/rows.js';

const fetcher: AttachmentFetcher = {
  name: 'test',
  types: ['file', 'link'],
  read: ({ key }) =>
    typeof key === 'string' ? { id: key, contentType: null, isImmutable: true } : null,
  fetch: async () => ({ problem: 'missing' }),
};

function keysIn(text: string): string[] {
  const bytes = Buffer.from(text);
  const found = findReferences({ bytes, from: 0, to: bytes.length }, fetcher);
  for (const { end } of found) expect(bytes[end]).toBe('}'.charCodeAt(0));
  return found.map(({ reference }) => reference.id);
}

/** The same answer by parsing everything, children before their parents. */
function keysByParsing(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(keysByParsing);
  const { type, key } = value as { type?: unknown; key?: unknown };
  const isReference =
    !Array.isArray(value) && fetcher.types.includes(type as string) && typeof key === 'string';
  return isReference ? [...inside, key] : inside;
}

describe('references in the text of a row', () => {
  it.each([
    ['{"input":{"type":"file","key":"a"}}', ['a']],
    [
      '{"input":[1,{"x":[{"key":"a","type":"link"}]}],"output":{"type":"file","key":"b"}}',
      ['a', 'b'],
    ],
    ['{"type" : "file" , "key" : "whole"}', ['whole']],
    ['{"a":"file","b":{"type":"other","key":"no"}}', []],
    ['{"text":"{\\"type\\":\\"file\\",\\"key\\":\\"no\\"}"}', []],
    ['{"text":"}}{{\\\\","x":{"type":"file","key":"}"}}', ['}']],
    ['{"x":{"type":"file","key":7}}', []],
    ['{"x":{"type":"file","meta":{"y":{"type":"link","key":"in"}},"key":"out"}}', ['in', 'out']],
    ['{"x":{"type":"text","type":"file","key":"last of two"}}', ['last of two']],
    ['{"x":{"type":"file","key":"no","type":"text"}}', []],
    ['{"ä€𝄞":{"type":"file","key":"ß"}}', ['ß']],
  ])('are found in %s', (text, keys) => {
    expect(keysIn(text)).toEqual(keys);
  });

  it('are those that parsing everything finds', () => {
    const { row } = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.constantFrom('file', 'link', '{', '}', '\\', '"'),
        fc.integer(),
        fc.string(),
      ),
      object: fc.dictionary(fc.constantFrom('type', 'key', 'a', 'b'), tie('value'), { maxKeys: 4 }),
      list: fc.array(tie('value'), { maxLength: 3 }),
      value: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('object'), tie('list')),
      row: tie('object'),
    }));
    fc.assert(
      fc.property(row, (value) => {
        expect(keysIn(JSON.stringify(value))).toEqual(keysByParsing(value));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('rows whose references are settled', () => {
  it('keep every other byte', () => {
    const texts = [
      '{ "n":12345678901234567890, "x":{"type":"file","key":"a" } , "n":1.50}',
      '{"plain":true}',
      '{"x":[{"type":"file","key":"a"},{"type":"link","key":"b"}]}',
    ];
    const rows = textBatch(...texts);
    const { bytes, bounds } = rows.text();
    const annotations = new Map<number, readonly Annotation[]>();
    for (let row = 0; row < rows.length; row += 1) {
      const range = { bytes, from: bounds[2 * row] ?? 0, to: bounds[2 * row + 1] ?? 0 };
      const found = findReferences(range, fetcher);
      annotations.set(
        row,
        found.map(({ end }) => ({ end, copy: { error: 'missing' } })),
      );
    }
    const added = ',"tracehaul":{"error":"missing"}';
    expect(textsOf(annotateRows(rows, annotations))).toEqual([
      `{ "n":12345678901234567890, "x":{"type":"file","key":"a" ${added}} , "n":1.50}`,
      '{"plain":true}',
      `{"x":[{"type":"file","key":"a"${added}},{"type":"link","key":"b"${added}}]}`,
    ]);
  });
});

describe('a media type', () => {
  it.each([
    ['image/png', ['image/*'], true],
    ['image/png; q=1', ['image/png'], true],
    ['IMAGE/PNG', ['image/*'], true],
    ['imagery/png', ['image/*'], false],
    ['text/plain', ['image/*', 'text/plain'], true],
    [null, ['*/*'], true],
    [null, ['image/*'], false],
  ])('%s is wanted by %j: %s', (type, wanted, expected) => {
    expect(isWanted(type, wanted)).toBe(expected);
  });
});
