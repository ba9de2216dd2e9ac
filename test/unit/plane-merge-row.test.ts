import { describe, expect, it } from 'vitest';

import { mergeRow } from '../../src/testing/plane/merge-row.js';

const ROW = {
  id: 'a',
  created: '2026-01-01T00:00:00Z',
  span_id: 's',
  root_span_id: 'r',
  span_parents: null,
  metadata: { kept: 1, deep: { x: 1, y: 2 } },
  tags: ['one', 'two'],
  input: [1, 2],
};

describe('a merge', () => {
  it('goes into objects and replaces everything else', () => {
    const merged = mergeRow(ROW, { metadata: { deep: { y: 3, z: 4 } }, input: [9], output: 'o' });
    expect(merged).toEqual({
      ...ROW,
      metadata: { kept: 1, deep: { x: 1, y: 3, z: 4 } },
      input: [9],
      output: 'o',
    });
  });

  it('keeps the place of the row in its trace', () => {
    const moved = { created: 'x', span_id: 'x', root_span_id: 'x', span_parents: ['x'] };
    expect(mergeRow(ROW, moved)).toEqual(ROW);
  });

  it('stops at merge paths', () => {
    const merged = mergeRow(
      ROW,
      { metadata: { deep: { z: 1 } } },
      { mergePaths: [['metadata', 'deep']] },
    );
    expect(merged['metadata']).toEqual({ kept: 1, deep: { z: 1 } });
  });

  it('joins tags as a set, and replaces them at a merge path', () => {
    expect(mergeRow(ROW, { tags: ['two', 'three'] })['tags']).toEqual(['one', 'two', 'three']);
    expect(mergeRow(ROW, { tags: ['three'] }, { mergePaths: [['tags']] })['tags']).toEqual([
      'three',
    ]);
  });

  it('takes members out of arrays', () => {
    const merged = mergeRow(ROW, {}, { arrayDeletes: [{ path: ['tags'], delete: ['one'] }] });
    expect(merged['tags']).toEqual(['two']);
    const deep = mergeRow(
      { metadata: { list: [{ a: 1 }, { a: 2 }] } },
      {},
      { arrayDeletes: [{ path: ['metadata', 'list'], delete: [{ a: 1 }] }] },
    );
    expect(deep).toEqual({ metadata: { list: [{ a: 2 }] } });
  });

  it('sets null and leaves out undefined', () => {
    expect(mergeRow(ROW, { metadata: null, input: undefined })).toEqual({ ...ROW, metadata: null });
  });

  it('changes neither argument and never reaches a prototype', () => {
    const before = structuredClone(ROW);
    const evil = JSON.parse('{"metadata":{"__proto__":{"polluted":1}}}') as Record<string, unknown>;
    mergeRow(ROW, evil, { arrayDeletes: [{ path: ['tags'], delete: ['one'] }] });
    expect(ROW).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
