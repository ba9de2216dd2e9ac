import { describe, expect, it } from 'vitest';

import type { Page, Source } from '../../src/interfaces/index.js';
import { plainKeys } from '../support/plain-keys.js';
import { override } from '../support/override.js';
import { assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { filled, world } from '../support/table-world.js';

const row = (id: string, version: number): { id: string; version: string } => ({
  id,
  version: String(version).padStart(12, '0'),
});

/** Gives the pages behind its cursor, which is their number. */
function pagesSource(pages: readonly Omit<Page, 'cursor'>[]): Source {
  return {
    name: 'pages',
    identity: null,
    rowIdentity: { object: null, id: 'id', version: 'version', created: null },
    repeatsFrom: () => '',
    read: async function* read({ cursor }) {
      for (let at = Number(cursor ?? 0); at < pages.length; at += 1)
        yield { ...(pages[at] as Page), cursor: String(at + 1) };
    },
  };
}

describe('rows that a source gives again', () => {
  it('are known when the page before began with repeats and ended with them', async () => {
    const parts = world();
    const source = pagesSource([
      { rows: [row('a', 1)] },
      { rows: [row('a', 1), row('b', 2)], repeats: 1 },
      { rows: [row('b', 2), row('c', 3)], repeats: 1 },
    ]);
    expect(await tableExporter({ source, ...parts }).run()).toMatchObject({ rows: 3, lateRows: 0 });
  });
});

describe('a cursor', () => {
  it('may be as long as sources are promised, whatever the number of objects', async () => {
    const parts = world();
    const fields = ['value'];
    const keys = override(plainKeys(), {
      fields,
      maxOpenPartitions: 28,
      partition: (input) => ({ value: `${String(input.fields['value'])}-${'v'.repeat(100)}` }),
    });
    const rows = Array.from({ length: 28 }, (_, index) => ({
      ...row(`r${index}`, 1),
      value: index,
    }));
    const filler = '"'.repeat(1_000) + 'x'.repeat(46 * 1024);
    const source = override(pagesSource([{ rows }]), {
      identity: { filter: 'f'.repeat(4_000) },
      read: async function* read({ cursor }) {
        for (let at = Number(cursor?.charAt(0) ?? 0); at < 2; at += 1)
          yield { rows: at === 0 ? rows : [row('z', 2)], cursor: `${at + 1}${filler}` };
      },
    });
    const options = { keys, pageSize: 28, object: { maxRows: 1 } };
    expect(await tableExporter({ source, ...parts }, options).run()).toMatchObject({ rows: 29 });
  });
});

describe('the watermark', () => {
  it('is unknown again when the source says so, as after a project was added', async () => {
    const table = filled(10);
    const parts = world();
    expect((await tableExporter({ source: table.source(), ...parts }).run()).watermark).toEqual(
      new Date(10_000),
    );
    table.settled = 12;
    const source = override(table.source(), { watermarkOf: () => null });
    const exporter = tableExporter({ source, ...parts });
    expect(await exporter.run()).toMatchObject({ watermark: null, lagMs: null });
    expect(await exporter.status()).toMatchObject({ watermark: null, lagMs: null });
    await assertExactlyOnce(parts.sink, table);
  });

  it('stays what pages told last, from a source that can tell by pages only', async () => {
    const parts = world();
    const source = pagesSource([
      { rows: [row('a', 1)], watermark: new Date(1_000) },
      { rows: [row('b', 2)] },
    ]);
    const exporter = tableExporter({ source, ...parts });
    expect(await exporter.run({ maxRows: 1 })).toMatchObject({ watermark: new Date(1_000) });
    expect(await exporter.run()).toMatchObject({ rows: 1, watermark: new Date(1_000) });
  });
});

describe('rewind', () => {
  it('refuses a time to come: what is written until then would never be read', async () => {
    const table = filled(5);
    const exporter = tableExporter({ source: table.source(), ...world() });
    await exporter.run();
    const to = new Date(Date.now() * 1_000);
    await expect(exporter.rewind({ to })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(await exporter.status()).toMatchObject({ generation: 1 });
  });
});
