import assert from 'node:assert/strict';

import { createExporter, type ExporterOptions } from '../../src/create-exporter.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { CursorStore, Sink, Source } from '../../src/interfaces/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import { type Audit, auditExport } from './audit.js';
import { liveVersionsOf } from './spans.js';

const SPAN_IDENTITY = { object: 'project_id', id: 'id', version: '_xact_id' } as const;

let clocks = 0;

/** An exporter of spans with small limits. Each one is a process of its own, minutes after the one before. */
export function spanExporter(
  parts: { readonly source: Source; readonly sink: Sink; readonly cursorStore: CursorStore },
  options: Partial<ExporterOptions> = {},
): Exporter {
  clocks += 1;
  const now = new Date(Date.UTC(2026, 2, 1) + clocks * 600_000);
  return createExporter({
    id: 'spans',
    ...parts,
    encoder: jsonlEncoder({ compression: 'none' }),
    keys: datePartitionedKeys(),
    pageSize: 7,
    object: { maxRows: 15 },
    runtime: manualClock({ autoAdvance: true, seed: 5_000 + clocks, now }),
    ...options,
  });
}

/**
 * The oracle over a plane: every live row of the projects is exported in its latest version, no version twice,
 * nothing that never was, nothing visible without a manifest, nothing invisible left.
 */
export async function assertSpansExactlyOnce(
  sink: Sink,
  plane: DataPlane,
  projectIds: readonly string[],
): Promise<Audit> {
  const audit = await auditExport(sink, 'spans', SPAN_IDENTITY);
  const exported = audit.rows.map(({ row }) => `${String(row['id'])}@${String(row['_xact_id'])}`);
  assert.equal(new Set(exported).size, exported.length, 'no version is exported twice');
  const held = new Set(exported);
  const live = projectIds.flatMap((projectId) => liveVersionsOf(plane, projectId));
  assert.deepEqual(
    live.filter((version) => !held.has(version)),
    [],
    'no live row is lost',
  );
  const written = new Set(plane.history.map((row) => `${row.id}@${row.xactId}`));
  assert.deepEqual(
    exported.filter((version) => !written.has(version)),
    [],
    'nothing is made up',
  );
  assert.deepEqual(audit.orphans, [], 'no visible object without a manifest');
  const strays: string[] = [];
  for await (const stray of sink.strays('spans')) strays.push(stray.id);
  assert.deepEqual(strays, [], 'no invisible data left over');
  return audit;
}
