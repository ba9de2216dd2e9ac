import { describe, expect, it } from 'vitest';

import type { ExportEvent, Row, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { auditExport } from '../support/audit.js';
import { TABLE_IDENTITY, assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { Table } from '../support/table-source.js';

function filled(rows: number): Table {
  const table = new Table();
  for (let row = 0; row < rows; row += 1) table.write(`r${row}`, row, row);
  table.settled = rows;
  return table;
}

/** A source of plain objects, one page. */
function objectSource(rows: readonly Row[], cutsPages = true): Source {
  return {
    name: 'objects',
    identity: {},
    rowIdentity: { object: null, id: 'id', version: 'version', created: null },
    async *read({ cursor }) {
      const from = cursor === null ? 0 : Number(cursor);
      if (from >= rows.length) return;
      yield {
        rows: rows.slice(from),
        cursor: String(rows.length),
        ...(cutsPages ? { cursorAfter: (index: number) => String(from + index + 1) } : {}),
      };
    },
  };
}

const GOOD = { id: 'a', version: '1', value: 1 };
const CYCLE: Record<string, unknown> = { id: 'c', version: '1' };
CYCLE['self'] = CYCLE;

const BAD: readonly (readonly [string, Row, string])[] = [
  ['no id', { version: '1', value: 1 }, 'ROW_INVALID'],
  ['a null version', { id: 'b', version: null }, 'ROW_INVALID'],
  ['an object for an id', { id: {}, version: '1' }, 'ROW_INVALID'],
  ['a BigInt', { id: 'b', version: '1', value: 1n }, 'ROW_UNENCODABLE'],
  ['a cycle', CYCLE, 'ROW_UNENCODABLE'],
];

async function textsUnder(sink: ReturnType<typeof memorySink>, prefix: string): Promise<string> {
  return [...sink.objects]
    .filter(([key]) => key.startsWith(prefix))
    .map(([, bytes]) => Buffer.from(bytes).toString('utf8'))
    .join('');
}

describe('a row that cannot be exported', () => {
  it.each(BAD)(
    'with %s stops the run after committing the rows before it',
    async (_name, bad, code) => {
      const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
      const source = objectSource([GOOD, bad, { ...GOOD, id: 'z' }]);
      for (let run = 0; run < 2; run += 1) {
        await expect(tableExporter({ source, ...parts }).run()).rejects.toMatchObject({ code });
      }
      const audit = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
      expect(audit.rows.map(({ row }) => row['id'])).toEqual(['a']);
      const mended = objectSource([GOOD, { id: 'm', version: '1' }, { ...GOOD, id: 'z' }]);
      await tableExporter({ source: mended, ...parts }).run();
      const after = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
      expect(after.rows.map(({ row }) => row['id'])).toEqual(['a', 'm', 'z']);
    },
  );

  it('takes nothing of its page when the page cannot be cut, so that nothing comes twice', async () => {
    const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const source = objectSource([GOOD, { version: '1' }], false);
    await expect(tableExporter({ source, ...parts }).run()).rejects.toMatchObject({
      code: 'ROW_INVALID',
    });
    const mended = objectSource([GOOD, { id: 'm', version: '1' }], false);
    await tableExporter({ source: mended, ...parts }).run();
    const { rows } = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
    expect(rows.map(({ row }) => row['id'])).toEqual(['a', 'm']);
  });

  it.each(BAD)('with %s goes to the dead letters with its reason', async (_name, bad, code) => {
    const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const source = objectSource([GOOD, bad, { ...GOOD, id: 'z' }]);
    const result = await tableExporter({ source, ...parts }, { onBadRow: 'dead-letter' }).run();
    expect(result).toMatchObject({ rows: 2, rejectedRows: 1, stopReason: 'caught-up' });
    const audit = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
    expect(audit.rows.map(({ row }) => row['id'])).toEqual(['a', 'z']);
    expect(audit.manifests[0]?.rejected).toMatchObject({ rows: 1 });
    const letters = await textsUnder(parts.sink, '_rejected/');
    expect(JSON.parse(letters)).toMatchObject({ code });
  });

  it('is not rejected again by the lookback of the next run', async () => {
    const table = filled(4);
    const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const options = {
      onBadRow: 'dead-letter',
      transform: (row: Row): Row => {
        if (row['id'] === 'r3') throw new Error('poison');
        return row;
      },
    } as const;
    await tableExporter({ source: table.source(), ...parts }, options).run();
    table.settled = 6;
    const second = await tableExporter({ source: table.source(), ...parts }, options).run();
    expect(second).toMatchObject({ rejectedRows: 0, rows: 0, commits: 0 });
  });
});

describe('transform', () => {
  const parts = (): {
    sink: ReturnType<typeof memorySink>;
    cursorStore: ReturnType<typeof memoryCursorStore>;
  } => ({
    sink: memorySink(),
    cursorStore: memoryCursorStore(),
  });

  it('changes, drops and multiplies rows, also asynchronously', async () => {
    const table = filled(6);
    const world = parts();
    const result = await tableExporter(
      { source: table.source(), ...world },
      {
        transform: async (row) => {
          const value = Number(row['value']);
          if (value % 3 === 0) return null;
          return value % 3 === 1 ? { ...row, value: -value } : [row, { ...row, copy: true }];
        },
      },
    ).run();
    expect(result).toMatchObject({ rows: 4, droppedRows: 2 });
    const { rows } = await auditExport(world.sink, 'prod', TABLE_IDENTITY);
    expect(rows.map(({ row }) => [row['id'], row['value'], row['copy'] ?? false])).toEqual([
      ['r1', -1, false],
      ['r2', 2, false],
      ['r2', 2, true],
      ['r4', -4, false],
      ['r5', 5, false],
      ['r5', 5, true],
    ]);
  });

  it('that drops everything writes no object and does not read the rows again', async () => {
    const table = filled(6);
    table.lookback = 0;
    const world = parts();
    const options = { transform: (): null => null };
    const first = await tableExporter({ source: table.source(), ...world }, options).run();
    expect(first).toMatchObject({ rows: 0, droppedRows: 6, objects: 0 });
    expect(world.sink.objects.size).toBe(0);
    const second = await tableExporter({ source: table.source(), ...world }, options).run();
    expect(second).toMatchObject({ droppedRows: 0 });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['gives a number', () => 5 as never],
    ['gives an array with a hole', () => [null] as never],
    ['gives undefined', () => undefined as never],
  ])('that %s is an error naming the row', async (_name, transform) => {
    const table = filled(3);
    const running = tableExporter({ source: table.source(), ...parts() }, { transform }).run();
    await expect(running).rejects.toMatchObject({
      code: 'TRANSFORM_FAILED',
      details: { rowIndex: 0 },
    });
  });

  it('is not called for rows that an earlier commit holds', async () => {
    const table = filled(5);
    const world = parts();
    let calls = 0;
    const transform = (row: Row): Row => {
      calls += 1;
      return row;
    };
    await tableExporter({ source: table.source(), ...world }, { transform }).run();
    table.settled = 7;
    await tableExporter({ source: table.source(), ...world }, { transform }).run();
    expect(calls).toBe(5);
    await assertExactlyOnce(world.sink, table);
  });
});

describe('a row of more than 32 MiB', () => {
  it('is exported, and told of with its id and size', async () => {
    const rows = [GOOD, { id: 'long', version: '1', value: 'x'.repeat(33 * 1024 * 1024) }];
    const told: ExportEvent[] = [];
    const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const observer = (event: ExportEvent): void => void told.push(event);
    const exporter = tableExporter({ source: objectSource(rows), ...parts }, { observer });
    const result = await exporter.run();
    expect(result.rows).toBe(2);
    const events = told.filter(({ type }) => type === 'large-row');
    expect(events).toMatchObject([{ rowId: 'long', count: 1 }]);
    expect(JSON.stringify(events)).not.toContain('xxx');
  });
});
