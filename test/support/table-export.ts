import assert from 'node:assert/strict';

import { createExporter, type ExporterOptions } from '../../src/create-exporter.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { CursorStore, Sink, Source } from '../../src/interfaces/index.js';

import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { type Audit, auditExport } from './audit.js';
import { plainKeys } from './plain-keys.js';
import type { Table } from './table-source.js';

export const TABLE_IDENTITY = { object: null, id: 'id', version: 'version' } as const;

let clocks = 0;

/** An exporter of a table with small limits, so that a few rows make several commits. */
export function tableExporter(
  parts: { readonly source: Source; readonly sink: Sink; readonly cursorStore: CursorStore },
  options: Partial<ExporterOptions> = {},
): Exporter {
  clocks += 1;
  return createExporter({
    id: 'prod',
    ...parts,
    encoder: jsonlEncoder({ compression: 'none' }),
    keys: plainKeys(),
    pageSize: 4,
    object: { maxRows: 6 },
    runtime: manualClock({ autoAdvance: true, seed: clocks }),
    ...options,
  });
}

/** Versions that the export holds, sorted, each as `id@version`. */
export function exportedVersions(audit: Audit): string[] {
  return audit.rows.map(({ row }) => `${String(row['id'])}@${String(row['version'])}`).sort();
}

/**
 * The oracle of the guarantees: the latest version of every settled row is exported (nothing lost), no version
 * is exported twice, nothing visible is unnamed, nothing invisible is left.
 */
export async function assertExactlyOnce(
  sink: Sink,
  table: Table,
  exportId = 'prod',
): Promise<Audit> {
  const audit = await auditExport(sink, exportId, TABLE_IDENTITY);
  const exported = exportedVersions(audit);
  assert.deepEqual(exported, [...new Set(exported)], 'no version is exported twice');
  const settled = table.rows().filter((row) => Number(row.version) < table.settled);
  const held = new Set(exported);
  const lost = settled.filter((row) => !held.has(`${row.id}@${row.version}`));
  assert.deepEqual(lost, [], 'no settled row is lost');
  for (const version of exported)
    assert(table.shown.has(version), `${version} was never shown by the source`);
  assert.deepEqual(audit.orphans, [], 'no visible object without a manifest');
  const strays: string[] = [];
  for await (const stray of sink.strays(exportId)) strays.push(stray.id);
  assert.deepEqual(strays, [], 'no invisible data left over');
  return audit;
}
