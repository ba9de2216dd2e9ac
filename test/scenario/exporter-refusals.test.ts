import { describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { EncodeError } from '../../src/errors/index.js';
import type { Encoder, Row } from '../../src/interfaces/index.js';
import { auditExport } from '../support/audit.js';
import { plainKeys } from '../support/plain-keys.js';
import { TABLE_IDENTITY, assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { Table } from '../support/table-source.js';
import { type World, world } from '../support/table-world.js';

/** JSON Lines that cannot hold the value 13, as a column of another type could not. */
function choosyEncoder(): Encoder {
  const inner = jsonlEncoder({ compression: 'none' });
  return {
    ...inner,
    open: async () => {
      const object = await inner.open();
      return {
        get rowCount() {
          return object.rowCount;
        },
        get pendingBytes() {
          return object.pendingBytes;
        },
        write: (rows) => {
          const rowIndex = rows.objects().findIndex((row) => row['value'] === 13);
          if (rowIndex < 0) return object.write(rows);
          throw new EncodeError('ROW_UNENCODABLE', 'There is no 13.', { details: { rowIndex } });
        },
        finish: () => object.finish(),
        abort: () => object.abort(),
      };
    },
  };
}

/** Twenty rows; the fourteenth is one that the encoder refuses. */
function unluckyTable(): Table {
  const table = new Table();
  for (let row = 0; row < 20; row += 1) table.write(`r${row}`, row, row);
  table.settled = 20;
  return table;
}

const LAYOUTS = [
  { layout: 'one partition', keys: plainKeys(), cutsPages: true },
  { layout: 'a partition for each row', keys: plainKeys('id', 5), cutsPages: true },
  { layout: 'pages that cannot be cut', keys: plainKeys(), cutsPages: false },
] as const;

async function exportedIds(parts: World): Promise<string[]> {
  const { rows } = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
  return rows.map(({ row }) => String(row['id'])).sort();
}

describe.each(LAYOUTS)('a row that the encoder refuses, $layout', ({ keys, cutsPages }) => {
  const options = { encoder: choosyEncoder(), keys, pageSize: 5, object: { maxRows: 100 } };

  it('stops the run behind the rows before it, and nothing comes twice once it is mended', async () => {
    const table = unluckyTable();
    const parts = world();
    const source = table.source({ pageSize: 5, cutsPages });
    const stopped = tableExporter({ source, ...parts }, options).run();
    await expect(stopped).rejects.toMatchObject({ code: 'ROW_UNENCODABLE' });
    // Whole pages only, where a page cannot be cut.
    expect(await exportedIds(parts)).toHaveLength(cutsPages ? 13 : 10);
    table.write('r13', 19, 14);
    await tableExporter({ source, ...parts }, options).run();
    await assertExactlyOnce(parts.sink, table);
  });

  it('goes to the dead letters when asked, and all others are exported', async () => {
    const table = unluckyTable();
    const parts = world();
    const source = table.source({ pageSize: 5, cutsPages });
    const exporter = tableExporter({ source, ...parts }, { ...options, onBadRow: 'dead-letter' });
    expect(await exporter.run()).toMatchObject({ rows: 19, rejectedRows: 1 });
    expect(await exportedIds(parts)).not.toContain('r13');
  });
});

describe('a row that a transform spreads over two partitions, one of which refuses it', () => {
  const transform = (row: Row): Row[] => [
    { ...row, value: 1 },
    { ...row, value: row['value'] },
  ];

  it('is a dead letter and in no object', async () => {
    const parts = world();
    const result = await tableExporter(
      { source: unluckyTable().source(), ...parts },
      { encoder: choosyEncoder(), keys: plainKeys('value', 5), transform, onBadRow: 'dead-letter' },
    ).run();
    expect(result).toMatchObject({ rows: 19, rejectedRows: 1 });
    const written = [...parts.sink.objects].filter(([key]) => !key.startsWith('_'));
    const text = written.map(([, bytes]) => Buffer.from(bytes).toString()).join('');
    expect(text.split('\n')).toHaveLength(19 * 2 + 1);
    expect(text).not.toContain('r13');
  });
});

describe('an encoder that never answers', () => {
  it.each(['open', 'write', 'finish'] as const)(
    'in %s does not keep the run from being aborted',
    async (deaf) => {
      const inner = jsonlEncoder({ compression: 'none' });
      const controller = new AbortController();
      const reason = new Error('enough');
      const never = (): Promise<never> => {
        setImmediate(() => controller.abort(reason));
        return new Promise(() => undefined);
      };
      const encoder: Encoder = {
        ...inner,
        open: async () => {
          const object = await (deaf === 'open' ? never() : inner.open());
          return {
            rowCount: 0,
            pendingBytes: 0,
            write: (rows) => (deaf === 'write' ? never() : object.write(rows)),
            finish: () => (deaf === 'finish' ? never() : object.finish()),
            abort: () => object.abort(),
          };
        },
      };
      const parts = world();
      const table = unluckyTable();
      const exporter = tableExporter({ source: table.source(), ...parts }, { encoder });
      await expect(exporter.run({ signal: controller.signal })).rejects.toBe(reason);
      expect(parts.sink.stagedObjects).toBe(0);
      await tableExporter({ source: table.source(), ...parts }).run();
      await assertExactlyOnce(parts.sink, table);
    },
  );
});

describe('a key strategy', () => {
  it.each([
    ['leaves the export out', '{nonce}', 'file name'],
    ['leaves the commit out', 'prod.rows', 'file name'],
    ['names another export', 'prod-eu.{nonce}', 'file name'],
    ['gives the keys of manifests', '_data/prod/{nonce}', 'begin with "_"'],
    ['leaves the root', '../prod.{nonce}', '".."'],
  ])('that %s is refused before a byte is written', async (_name, template, problem) => {
    const parts = world();
    const keys = {
      ...plainKeys(),
      key: ({ nonce, extension }: { nonce: string; extension: string }) =>
        template.replace('{nonce}', nonce) + extension,
    };
    const run = tableExporter({ source: unluckyTable().source(), ...parts }, { keys }).run();
    const message = expect.stringContaining(problem) as string;
    await expect(run).rejects.toMatchObject({ code: 'KEY_INVALID', message });
    expect(parts.sink.stagedObjects + parts.sink.objects.size).toBe(0);
  });
});
