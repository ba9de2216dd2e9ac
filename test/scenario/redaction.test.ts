import { describe, expect, it } from 'vitest';

import { csvEncoder } from '../../src/entries/csv.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { type ExporterOptions, redact, type Row } from '../../src/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { scriptedSource } from '../../src/testing/adapters/scripted-source.js';
import { auditExport } from '../support/audit.js';
import { tableExporter } from '../support/table-export.js';

const SECRET = 'ann@example.com';
const IDENTITY = { object: 'project_id', id: 'id', version: '_xact_id' } as const;
const NO_PII = redact(
  { patterns: [/[\w.]+@[\w.]+/], hash: { key: 'a secret of more than 16 bytes' } },
  { paths: ['metadata.user'], drop: true },
);

/** Rows that say the secret wherever they can; the last of them cannot be held by two columns. */
const rows: readonly Row[] = Array.from({ length: 9 }, (_, index) => ({
  id: `r${index}`,
  _xact_id: String(1000 + index),
  project_id: 'p',
  input: `mail ${SECRET} at once, ${SECRET}!`,
  metadata: { user: { name: 'Ann', seen: SECRET }, deep: [[{ mail: SECRET }]] },
  ...(index === 8 ? { odd: SECRET } : {}),
}));

interface World {
  readonly sink: ReturnType<typeof memorySink>;
  readonly cursorStore: ReturnType<typeof memoryCursorStore>;
}

/** Runs an export, and gives every byte that it left anywhere as text, by its key. */
async function exportRows(options: Partial<ExporterOptions>): Promise<Map<string, string>> {
  const world: World = { sink: memorySink(), cursorStore: memoryCursorStore() };
  const source = scriptedSource([{ rows: rows.slice(0, 4) }, { rows: rows.slice(4) }]);
  const exporter = tableExporter({ source, ...world }, options);
  const { rows: found } = await exporter.sample();
  const result = await exporter.run();
  expect(result.rows + result.rejectedRows).toBe(rows.length);
  const left = new Map([...world.sink.objects].map(([key, bytes]) => [key, textOf(bytes)]));
  for await (const key of world.cursorStore.list(''))
    left.set(`cursor ${key}`, JSON.stringify(await world.cursorStore.load(key)));
  left.set('sample', JSON.stringify(found));
  if (options.encoder === undefined) await auditExport(world.sink, 'prod', IDENTITY);
  return left;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function namesWith(left: ReadonlyMap<string, string>, text: string): readonly string[] {
  return [...left].filter(([, content]) => content.includes(text)).map(([name]) => name);
}

describe('an export with redact', () => {
  it('has the redacted text nowhere: not in objects, manifests, indexes, cursors, samples', async () => {
    const plain = await exportRows({});
    expect(namesWith(plain, SECRET).length).toBeGreaterThan(2);
    const left = await exportRows({ transform: NO_PII });
    expect([...left.keys()].some((key) => key.startsWith('_manifests/'))).toBe(true);
    expect([...left.keys()].some((key) => key.startsWith('cursor '))).toBe(true);
    expect(namesWith(left, 'ann@')).toEqual([]);
    expect(namesWith(left, 'Ann')).toEqual([]);
  });

  it('has the same rows in its index as without', async () => {
    const [plain, redacted] = [await exportRows({}), await exportRows({ transform: NO_PII })];
    const sizes = (left: ReadonlyMap<string, string>): readonly number[] =>
      [...left].filter(([key]) => key.startsWith('_index/')).map(([, text]) => text.length);
    expect(sizes(redacted).length).toBe(sizes(plain).length);
  });

  it('gives equal text equal hashes, so that rows can still be joined by it', async () => {
    const left = await exportRows({ transform: NO_PII });
    const objects = [...left].filter(([key]) => key.endsWith('.jsonl')).map(([, text]) => text);
    const hashes = objects.join('').match(/mail [0-9a-f]{32} at once, [0-9a-f]{32}!/g) ?? [];
    expect(hashes.length).toBe(rows.length);
    expect(new Set(hashes).size).toBe(1);
  });
});

describe('dead letters of an export that redacts', () => {
  const refusing = {
    encoder: csvEncoder({
      compression: 'none',
      columns: ['id', '_xact_id', 'project_id', 'input', 'metadata'],
      drift: 'freeze',
    }),
    onBadRow: 'dead-letter',
  } as const;

  const letterIn = (left: ReadonlyMap<string, string>): unknown => {
    const texts = [...left].filter(([key]) => key.startsWith('_rejected/'));
    expect(texts).toHaveLength(1);
    return JSON.parse(texts[0]?.[1] ?? '');
  };

  it('hold nothing of their rows but what names them', async () => {
    const left = await exportRows({ ...refusing, transform: NO_PII });
    expect(letterIn(left)).toMatchObject({
      code: 'ROW_UNENCODABLE',
      rowId: 'r8',
      row: { project_id: 'p', id: 'r8', _xact_id: '1008' },
    });
    expect(namesWith(left, 'ann@')).toEqual([]);
  });

  it('hold the rows as the source gave them with another transform, unless told not to', async () => {
    const transform = (row: Row): Row => ({ ...NO_PII(row), team: 'x' });
    const columns = ['id', '_xact_id', 'project_id', 'input', 'metadata', 'team'];
    const encoder = csvEncoder({ compression: 'none', columns, drift: 'freeze' });
    const careless = await exportRows({ ...refusing, encoder, transform });
    expect(letterIn(careless)).toMatchObject({ row: { odd: SECRET } });
    const told = { ...refusing, encoder, transform, deadLetterRows: 'identity' } as const;
    expect(namesWith(await exportRows(told), 'ann@')).toEqual([]);
  });

  it('say null for what names a row and is not there', async () => {
    const sink = memorySink();
    const source = scriptedSource([{ rows: [{ _xact_id: '1', project_id: 'p', input: SECRET }] }]);
    const parts = { source, sink, cursorStore: memoryCursorStore() };
    const encoder = jsonlEncoder({ compression: 'none' });
    await tableExporter(parts, { encoder, onBadRow: 'dead-letter', transform: NO_PII }).run();
    const letters = [...sink.objects].filter(([key]) => key.startsWith('_rejected/'));
    const texts = letters.map(([, bytes]) => textOf(bytes)).join('');
    expect(JSON.parse(texts)).toMatchObject({ code: 'ROW_INVALID', row: { id: null } });
    expect(texts).not.toContain(SECRET);
  });

  it('take a row that is nested too deep to be redacted', async () => {
    const sink = memorySink();
    const depth = 50_000;
    const deep = `{"id":"d","_xact_id":"1","project_id":"p","x":${'['.repeat(depth)}"${SECRET}"${']'.repeat(depth)}}`;
    const source = scriptedSource([{ rows: [JSON.parse(deep) as Row] }]);
    const parts = { source, sink, cursorStore: memoryCursorStore() };
    const options = { onBadRow: 'dead-letter', transform: NO_PII } as const;
    expect(await tableExporter(parts, options).run()).toMatchObject({ rows: 0, rejectedRows: 1 });
    for (const bytes of sink.objects.values()) expect(textOf(bytes)).not.toContain(SECRET);
  });
});
