import type { Page, ReadOptions, Row, Source } from '../../src/interfaces/index.js';
import { rowBatchFromObjects } from '../../src/rows/row-batch.js';
import { scriptedSource } from '../../src/testing/adapters/scripted-source.js';
import type { ScriptedSource } from '../../src/testing/adapters/scripted-source.js';
import type { SourceFixture } from '../../src/testing/contracts/source-contract.js';

/** A source with one fault, and the case that must catch it. */
export interface WrongSource {
  readonly fault: string;
  readonly caught: string;
  readonly create: (rows: number) => SourceFixture;
}

function scriptedRows(count: number, first = 0): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(first + index).padStart(6, '0');
    const created = new Date(1_000 * (first + index + 1)).toISOString();
    return { id: `row-${number}`, _xact_id: `1${number}`, project_id: 'p', created };
  });
}

/** The right one: rows by pages of seven. */
export function scriptedFixture(rows: number): SourceFixture & { readonly source: ScriptedSource } {
  const source = scriptedSource([], { repeatsFrom: '0' });
  let given = 0;
  const add = (count: number): void => {
    for (let left = count; left > 0; left -= 7) {
      const size = Math.min(7, left);
      const watermark = new Date(1_000 * given);
      source.append({ rows: scriptedRows(size, given), watermark });
      given += size;
    }
  };
  add(rows);
  return { source, add, held: () => source.openReads };
}

type Read = (options: ReadOptions) => AsyncIterable<Page>;

/** Changes the pages of a right read. */
function changed(change: (page: Page, index: number) => Page | null) {
  return (right: Source): Partial<Source> => ({
    read: async function* (options) {
      let index = 0;
      for await (const page of right.read(options)) {
        const given = change(page, index);
        if (given !== null) yield given;
        index += 1;
      }
    },
  });
}

function wrong(
  fault: string,
  caught: string,
  members: (right: ScriptedSource) => Partial<Source>,
): WrongSource {
  const create = (rows: number): SourceFixture => {
    const fixture = scriptedFixture(rows);
    const { source } = fixture;
    const right: Source = {
      name: source.name,
      identity: source.identity,
      rowIdentity: source.rowIdentity,
      read: (options) => source.read(options),
      cursorAt: (date) => source.cursorAt(date),
      repeatsFrom: (cursor) => source.repeatsFrom(cursor),
      watermarkOf: (cursor) => source.watermarkOf(cursor),
    };
    return { ...fixture, source: { ...right, ...members(source) } };
  };
  return { fault, caught, create };
}

const withoutSignal =
  (right: Source): Read =>
  ({ cursor, pageSize }) =>
    right.read({ cursor, pageSize });

const rowsOf = (page: Page): readonly Row[] =>
  'byteLength' in page.rows ? page.rows.objects() : page.rows;

export const WRONG_SOURCES: readonly WrongSource[] = [
  wrong(
    'drops a row',
    'every row version is given, and once',
    changed((page, index) =>
      index === 2 ? { ...page, rows: rowBatchFromObjects(rowsOf(page).slice(1)) } : page,
    ),
  ),
  wrong('gives a page twice', 'every row version is given, and once', (right) => ({
    read: async function* (options) {
      for await (const page of right.read(options)) {
        yield page;
        yield page;
      }
    },
  })),
  wrong(
    'repeats a cursor',
    'every page moves the cursor',
    changed((page, index) => (index % 2 === 1 ? { ...page, cursor: 'scripted:1:0.4' } : page)),
  ),
  wrong(
    'resumes at the last row instead of after it',
    'a read from the end of any page goes on as one read would',
    changed((page) => {
      const last = rowsOf(page).length - 2;
      return { ...page, cursor: page.cursorAfter?.(last) ?? page.cursor };
    }),
  ),
  wrong(
    'counts rows of a page from one',
    'a read from any row goes on as one read would',
    changed((page) => ({
      ...page,
      cursorAfter: (index) =>
        page.cursorAfter?.(Math.min(index + 1, rowsOf(page).length - 1)) ?? page.cursor,
    })),
  ),
  wrong('ignores the page size', 'no page is larger than asked for', (right) => ({
    read: (options) => right.read({ ...options, pageSize: 1000 }),
  })),
  wrong('orders rows by page', 'the size of pages changes neither rows nor order', (right) => ({
    read: async function* (options) {
      for await (const page of right.read(options))
        yield { ...page, rows: rowsOf(page).toReversed() };
    },
  })),
  wrong('lacks a field of its identity', 'every row has the fields that identify it', () => ({
    rowIdentity: { object: 'project_id', id: 'id', version: '_xact_id', created: 'made' },
  })),
  wrong('starts from zero at a bad cursor', 'a foreign cursor is refused', (right) => ({
    read: ({ cursor, ...options }) => {
      const known = cursor === null || /^scripted:1:\d+\.\d+$/.test(cursor);
      return right.read({ ...options, cursor: known ? cursor : null });
    },
  })),
  wrong('ignores a signal', 'an abort before a read rejects with its reason', (right) => ({
    read: withoutSignal(right),
  })),
  wrong('ignores a signal', 'an abort during a page rejects with its reason', (right) => ({
    read: withoutSignal(right),
  })),
  wrong('ignores a signal', 'an abort between pages rejects with its reason', (right) => ({
    read: withoutSignal(right),
  })),
  wrong('wraps the reason', 'an abort between pages rejects with its reason', (right) => ({
    read: async function* (options) {
      try {
        yield* right.read(options);
      } catch (cause) {
        throw new Error('reading failed', { cause });
      }
    },
  })),
  wrong('stays open', 'a read that was left holds nothing and disturbs no later one', (right) => ({
    read: (options) => {
      const pages = right.read(options)[Symbol.asyncIterator]();
      return { [Symbol.asyncIterator]: () => ({ next: () => pages.next() }) };
    },
  })),
  wrong(
    'keeps one place for all reads',
    'reads at the same time do not disturb each other',
    (right) => {
      let pages: AsyncIterator<Page> | undefined;
      return {
        read: (options) => ({
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              pages ??= right.read(options)[Symbol.asyncIterator]();
              const next = await pages.next();
              if (next.done === true) pages = undefined;
              return next;
            },
          }),
        }),
      };
    },
  ),
  wrong(
    'begins anew',
    'what is written later is given from the last cursor, and once',
    (right) => ({
      read: (options) => right.read({ ...options, cursor: null }),
    }),
  ),
  wrong(
    'stops at what was there at first',
    'an open place in the middle still reaches what is written later',
    (right) => ({
      read: async function* (options) {
        let rows = 0;
        for await (const page of right.read(options)) {
          rows += rowsOf(page).length;
          if (rows <= 23) yield page;
        }
      },
    }),
  ),
  wrong('begins anew', 'repeats are announced, and lie at the start of a page', (right) => ({
    read: (options) => right.read({ ...options, cursor: null }),
  })),
  wrong('lowers its bound', 'the lower bound of repeats never falls', () => ({
    repeatsFrom: (cursor) => (cursor === 'scripted:1:0.4' ? '9' : '1'),
  })),
  wrong(
    'lowers its watermark',
    'the watermark never falls',
    changed((page, index) => ({ ...page, watermark: new Date(1_000_000 - index) })),
  ),
  wrong(
    'collects cursors',
    'cursors stay below 48 KiB',
    changed((page, index) => ({ ...page, cursor: `${index}`.padEnd(70_000, 'x') })),
  ),
  wrong('rewinds to the end', 'a cursor at the beginning of time gives every row', (right) => ({
    cursorAt: () => right.cursorAt(new Date(1e12)),
  })),
  wrong('invents rows', 'a source without rows ends', () => ({
    read: async function* () {
      yield { rows: scriptedRows(1), cursor: 'scripted:1:0.0' };
    },
  })),
  wrong('has a name with spaces', 'names itself', () => ({ name: 'My Source' })),
  wrong('throws from its probe', 'a probe tells its steps and does not throw', () => ({
    probe: async function* () {
      yield { step: 'query', outcome: 'passed', detail: 'fine' };
      throw new Error('no');
    },
  })),
  wrong(
    'gives other rows the second time',
    'the same cursor gives the same rows in the same order',
    (right) => {
      let reads = 0;
      return {
        read: async function* (options) {
          reads += 1;
          for await (const page of right.read(options))
            yield reads > 2 ? { ...page, rows: rowsOf(page).toReversed() } : page;
        },
      };
    },
  ),
];
