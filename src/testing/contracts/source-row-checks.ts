import assert from 'node:assert/strict';

import type { Page, Source } from '../../interfaces/index.js';
import { PAGE_SIZE, ROWS, batchOf, namesOf, newNamesOf, readPages, rowsOf } from './source-kit.js';
import type { SourceChecks, SourceFixture } from './source-kit.js';

const CURSOR_MAX_BYTES = 48 * 1024;

/** What a read gives. */
export const ROW_CHECKS: SourceChecks = {
  'a source without rows ends': empty,
  'every row version is given, and once': complete,
  'every row has the fields that identify it': identified,
  'no page is larger than asked for': pageSizes,
  'the size of pages changes neither rows nor order': anyPageSize,
  'the same cursor gives the same rows in the same order': repeatable,
  'every page moves the cursor': movingCursor,
  'a read from the end of any page goes on as one read would': resumePages,
  'a read from any row goes on as one read would': resumeRows,
  'repeats are announced, and lie at the start of a page': announcedRepeats,
  'the lower bound of repeats never falls': risingBound,
  'the watermark never falls': risingWatermark,
  'cursors stay below 48 KiB': smallCursors,
};

/** What a later read gives. */
export const GROWTH_CHECKS: SourceChecks = {
  'what is written later is given from the last cursor, and once': later,
  'an open place in the middle still reaches what is written later': laterFromMiddle,
};

/** What a read from a time gives. */
export const REWIND_CHECKS: SourceChecks = {
  'a cursor at the beginning of time gives every row': rewound,
};

async function empty({ source }: SourceFixture): Promise<void> {
  assert.deepEqual(namesOf(source, await readPages(source)), []);
}

async function complete({ source }: SourceFixture): Promise<void> {
  const pages = await readPages(source);
  const names = namesOf(source, pages);
  assert.equal(names.length, ROWS, 'the number of rows');
  assert.equal(new Set(names).size, ROWS, 'the number of different row versions');
  assert.deepEqual(newNamesOf(source, pages), names, 'a first read repeats nothing');
}

async function identified({ source }: SourceFixture): Promise<void> {
  const { object, id, version, created } = source.rowIdentity;
  const fields = [object, id, version, created].filter((name) => name !== null);
  for (const page of await readPages(source)) {
    const columns = page.identities ?? batchOf(page).fields(fields);
    for (const name of fields)
      for (const value of columns[name] ?? [])
        assert.equal(typeof value, 'string', `the field ${name} of each row`);
  }
}

async function pageSizes({ source }: SourceFixture): Promise<void> {
  for (const pageSize of [1, 3, 1000])
    for (const page of await readPages(source, null, pageSize))
      assert.ok(batchOf(page).length <= pageSize, `a page of at most ${pageSize} rows`);
}

async function anyPageSize({ source }: SourceFixture): Promise<void> {
  const whole = namesOf(source, await readPages(source));
  for (const pageSize of [1, 2, 7, 1000])
    assert.deepEqual(namesOf(source, await readPages(source, null, pageSize)), whole);
}

async function repeatable({ source, reopen }: SourceFixture): Promise<void> {
  const pages = await readPages(source);
  const cursor = pages[1]?.cursor ?? null;
  const rest = namesOf(source, await readPages(source, cursor));
  const other = (await reopen?.()) ?? source;
  assert.deepEqual(namesOf(other, await readPages(other, cursor)), rest);
  assert.deepEqual(namesOf(other, await readPages(other)), namesOf(source, pages));
}

async function movingCursor({ source }: SourceFixture): Promise<void> {
  const cursors = (await readPages(source)).map((page) => page.cursor);
  assert.ok(cursors.length > 0, 'a read of rows gives pages');
  assert.equal(new Set(cursors).size, cursors.length, 'no cursor comes twice');
}

async function resumePages({ source }: SourceFixture): Promise<void> {
  const pages = await readPages(source);
  const whole = namesOf(source, pages);
  let given = 0;
  for (const page of pages) {
    given += batchOf(page).length;
    await expectRest(source, page.cursor, whole.slice(given));
  }
}

async function resumeRows({ source }: SourceFixture): Promise<void> {
  const pages = await readPages(source);
  const whole = namesOf(source, pages);
  let given = 0;
  for (const page of pages) {
    for (let index = 0; index < batchOf(page).length; index += 1) {
      given += 1;
      const cursor = page.cursorAfter?.(index);
      if (cursor !== undefined) await expectRest(source, cursor, whole.slice(given));
    }
  }
}

async function expectRest(source: Source, cursor: string, rest: readonly string[]): Promise<void> {
  const pages = await readPages(source, cursor, PAGE_SIZE + 1);
  assert.deepEqual(newNamesOf(source, pages), rest, 'the rows after the cursor');
}

async function announcedRepeats(fixture: SourceFixture): Promise<void> {
  const { source } = fixture;
  const first = await readPages(source);
  await fixture.add?.(3);
  const cursor = first.at(-1)?.cursor ?? null;
  const known = new Set(namesOf(source, first));
  const bound = cursor === null ? null : (source.repeatsFrom?.(cursor) ?? null);
  for (const page of await readPages(source, cursor)) {
    const repeats = page.repeats ?? 0;
    assert.ok(Number.isInteger(repeats) && repeats >= 0 && repeats <= batchOf(page).length);
    for (const row of rowsOf(source, page)) {
      assert.ok(row.repeated || !known.has(row.name), 'a row that comes again is announced');
      if (!row.repeated) continue;
      assert.ok(bound !== null && row.version >= bound, 'a repeat lies above repeatsFrom(cursor)');
    }
  }
}

async function risingBound(fixture: SourceFixture): Promise<void> {
  let before = '';
  for (const page of await pagesOfTwoReads(fixture)) {
    const bound = fixture.source.repeatsFrom?.(page.cursor) ?? null;
    if (bound === null) continue;
    assert.ok(bound >= before, 'repeatsFrom of a later cursor');
    before = bound;
  }
}

async function risingWatermark(fixture: SourceFixture): Promise<void> {
  let before = -Infinity;
  for (const page of await pagesOfTwoReads(fixture)) {
    const marks = [page.watermark, fixture.source.watermarkOf?.(page.cursor) ?? undefined];
    for (const mark of marks.filter((each) => each !== undefined)) {
      assert.ok(mark.getTime() >= before, 'the watermark of a later page');
      before = mark.getTime();
    }
  }
}

async function smallCursors(fixture: SourceFixture): Promise<void> {
  for (const page of await pagesOfTwoReads(fixture))
    assert.ok(Buffer.byteLength(page.cursor) < CURSOR_MAX_BYTES);
}

async function pagesOfTwoReads({ source, add }: SourceFixture): Promise<readonly Page[]> {
  const first = await readPages(source);
  await add?.(3);
  return [...first, ...(await readPages(source, first.at(-1)?.cursor ?? null))];
}

async function later(fixture: SourceFixture): Promise<void> {
  const { source } = fixture;
  const given = await readPages(source);
  for (let round = 1; round <= 3; round += 1) {
    const known = new Set(namesOf(source, given));
    const cursor = given.at(-1)?.cursor ?? null;
    assert.deepEqual(newNamesOf(source, await readPages(source, cursor)), [], 'nothing is new');
    await fixture.add?.(round);
    const pages = await readPages(source, cursor);
    const fresh = newNamesOf(source, pages);
    assert.equal(fresh.length, round, 'the number of new rows');
    assert.ok(
      fresh.every((name) => !known.has(name)),
      'new rows are new',
    );
    given.push(...pages);
  }
}

async function laterFromMiddle({ source, add }: SourceFixture): Promise<void> {
  const [page] = await readPages(source);
  await add?.(5);
  const rest = newNamesOf(source, await readPages(source, page?.cursor ?? null));
  const first = page === undefined ? [] : namesOf(source, [page]);
  assert.equal(new Set([...first, ...rest]).size, ROWS + 5, 'all rows, old and new');
  assert.equal(first.length + rest.length, ROWS + 5, 'each of them once');
}

async function rewound({ source }: SourceFixture): Promise<void> {
  const whole = namesOf(source, await readPages(source));
  const cursor = source.cursorAt?.(new Date(0));
  assert.ok(cursor !== undefined, 'the source has cursorAt');
  assert.deepEqual(newNamesOf(source, await readPages(source, cursor)), whole);
}
