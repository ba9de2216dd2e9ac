import assert from 'node:assert/strict';

import { createExporter, type ExporterOptions } from '../../src/create-exporter.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { CursorStore, Sink, Source } from '../../src/interfaces/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import type { ObjectType } from '../../src/testing/plane/row-shape.js';
import { type Audit, auditExport } from './audit.js';

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
  const objects = projectIds.map((id) => ({ type: 'project_logs' as const, id }));
  return await assertRowsExactlyOnce({ sink, plane, identity: SPAN_IDENTITY, objects });
}

export interface ExportedRows {
  readonly sink: Sink;
  readonly plane: DataPlane;
  readonly identity: Readonly<Record<'object' | 'id' | 'version', string>>;
  /** Every object that still is there. */
  readonly objects: readonly { readonly type: ObjectType; readonly id: string }[];
}

/** As {@link assertSpansExactlyOnce}, for rows of any kind of object. */
export async function assertRowsExactlyOnce(expected: ExportedRows): Promise<Audit> {
  const { sink, plane, identity, objects } = expected;
  const nameOf = (row: Readonly<Record<string, unknown>>): string =>
    `${String(row[identity.object])} ${String(row['id'])}@${String(row['_xact_id'])}`;
  const audit = await auditExport(sink, 'spans', identity);
  const exported = audit.rows.map(({ row }) => nameOf(row));
  assert.equal(new Set(exported).size, exported.length, 'no version is exported twice');
  const held = new Set(exported);
  const live = objects.flatMap(({ type, id }) => plane.liveRows(type, id).map(nameOf));
  assert.deepEqual(
    live.filter((version) => !held.has(version)),
    [],
    'no live row is lost',
  );
  const written = new Set(
    plane.history.map(({ objectId, id, xactId }) => `${objectId} ${id}@${xactId}`),
  );
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
