import { describe, expect, it } from 'vitest';

import { LARGE_ROW_BYTES, LargeRows } from '../../src/exporter/large-rows.js';
import type { PageOutputs } from '../../src/exporter/large-rows.js';
import type { ExportEvent } from '../../src/interfaces/index.js';

const LARGE = LARGE_ROW_BYTES + 1;

/** A page that gives one output of each size for each row. */
function pageOf(sizes: readonly number[]): PageOutputs {
  const ends = sizes.map((_, row) => sizes.slice(0, row + 1).reduce((sum, size) => sum + size, 0));
  const bounds = Uint32Array.from(ends.flatMap((end, row) => [end - (sizes[row] ?? 0), end]));
  return {
    outputs: { text: () => ({ bytes: new Uint8Array(0), bounds }) },
    fates: sizes.map(() => ({ kind: 'deliver' })),
    starts: Uint32Array.from({ length: sizes.length + 1 }, (_, row) => row),
    ids: sizes.map((_, row) => `row ${row}`),
  };
}

function watch() {
  const events: ExportEvent[] = [];
  const largeRows = new LargeRows('prod');
  const note = (page: PageOutputs): void => largeRows.note(page, (event) => events.push(event));
  return { events, note };
}

describe('a row of more than 32 MiB', () => {
  it('is told of with its id and size, one of 32 MiB is not', () => {
    const { events, note } = watch();
    note(pageOf([10, LARGE, LARGE_ROW_BYTES]));
    const event = { type: 'large-row', exportId: 'prod', rowId: 'row 1', bytes: LARGE, count: 1 };
    expect(events).toEqual([event]);
  });

  it('is not told of when an earlier commit holds it, or it is dropped', () => {
    const { events, note } = watch();
    note({ ...pageOf([LARGE]), fates: [{ kind: 'known' }] });
    note({ ...pageOf([LARGE]), fates: [{ kind: 'dropped' }] });
    expect(events).toEqual([]);
  });

  it('is counted for each row that a transform made of one', () => {
    const { events, note } = watch();
    note({
      ...pageOf([10, LARGE, LARGE]),
      fates: [{ kind: 'deliver' }, { kind: 'deliver' }],
      starts: Uint32Array.of(0, 1, 3),
    });
    expect(events).toMatchObject([
      { rowId: 'row 1', count: 1 },
      { rowId: 'row 1', count: 2 },
    ]);
  });

  it('has an event of its own only while there are few, or at a power of ten', () => {
    const { events, note } = watch();
    for (let page = 0; page < 25; page += 1) {
      note(pageOf(Array.from({ length: 50 }, () => LARGE)));
    }
    const counts = events.map((event) => ('count' in event ? event.count : 0));
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1000]);
  });
});
