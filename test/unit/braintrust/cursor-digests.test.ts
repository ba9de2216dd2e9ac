import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DIGESTED_OBJECTS_MAX } from '../../../src/braintrust/records/cursor-digests.js';
import { decodeCursor, encodeCursor } from '../../../src/braintrust/records/records-cursor.js';
import { EMPTY_STATE, withOthersSetAside } from '../../../src/braintrust/records/records-state.js';
import type { RecordsState } from '../../../src/braintrust/records/records-state.js';
import { xactIdAt } from '../../../src/braintrust/query/xact.js';

const FORMAT = { name: 'experiments', version: 1, objects: 'objects', digests: true };

function ids(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${index}`.padStart(36, '0'));
}

/** So many objects that were read to the same second, every fifth of them in a window of ten. */
function stateOf(count: number): RecordsState {
  const all = ids(count);
  const inWindows = all.filter((_, index) => index % 5 === 0);
  const windows = Array.from({ length: Math.ceil(inWindows.length / 10) }, (_, index) => ({
    objectIds: inWindows.slice(index * 10, index * 10 + 10),
    from: 400,
    until: 2000,
    after: { xactId: xactIdAt(1500), row: { objectId: all[0] ?? '', id: `row ${index}` } },
  }));
  const objects = new Map(all.map((id) => [id, { start: 0, end: 1000 }]));
  return { ...EMPTY_STATE, objects, windows, floor: 1000, since: 7, pins: new Map([['p', 'q']]) };
}

describe('a cursor of digests', () => {
  it('comes back as it was for those whose ids are known', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
        const state = stateOf(count);
        const back = decodeCursor(FORMAT, encodeCursor(FORMAT, state), ids(count));
        expect(back.objects).toEqual(state.objects);
        expect({ ...back, objects: null }).toEqual({ ...state, objects: null });
      }),
      { seed: 5 },
    );
  });

  it('comes back as it was, too, after a read that knew but some of them', () => {
    const state = stateOf(60);
    const some = ids(60).filter((_, index) => index % 3 !== 0);
    const partly = decodeCursor(FORMAT, encodeCursor(FORMAT, state), some);
    const aside = withOthersSetAside(partly, new Set(some));
    const known = decodeCursor(FORMAT, encodeCursor(FORMAT, aside), ids(60));
    const again = withOthersSetAside(known, new Set(ids(60)));
    const ends = [...again.objects].map(([id, { end }]) => [id, end]);
    expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(ids(60).map((id) => [id, 1000])));
    const open = again.windows.flatMap((window) => window.objectIds).sort();
    expect(open).toEqual(state.windows.flatMap((window) => window.objectIds).sort());
  });

  it('stays below 48 KiB with as many objects as are allowed', () => {
    const all = ids(DIGESTED_OBJECTS_MAX);
    const objects = new Map(all.map((id) => [id, { start: 0, end: 1000 }]));
    const full = encodeCursor(FORMAT, { ...EMPTY_STATE, objects });
    expect(full.length).toBeLessThan(40 * 1024);
    const gone = new Map(
      all.map((id) => [`gone ${id}`, { start: 9, end: 9, aside: true as const }]),
    );
    const more = { ...EMPTY_STATE, objects: new Map([...objects, ...gone]) };
    expect(encodeCursor(FORMAT, more)).toBe(full);
  });

  it.each([
    '{"experiments":1,"objects":[[0,5,"short"]],"windows":[]}',
    '{"experiments":1,"objects":[[9,5,"abcdefgh"]],"windows":[]}',
    '{"experiments":1,"objects":[["abcdefgh"]],"windows":[]}',
    '{"experiments":1,"objects":[[5,"abcdefgh"],[6,"abcdefgh"]],"windows":[]}',
    '{"experiments":1,"objects":[],"windows":[[5,5,[[0,1,"abcdefgh"]],null]]}',
    '{"experiments":1,"objects":[],"windows":[[1,5,[],null]]}',
    '{"experiments":1,"objects":[],"windows":[],"pins":[["a"]]}',
    '{"experiments":1,"objects":[],"windows":[],"floor":-1}',
    '{"experiments":1}',
  ])('is refused when it is damaged: %s', (cursor) => {
    expect(() => decodeCursor(FORMAT, cursor)).toThrow(/damaged/);
  });
});
