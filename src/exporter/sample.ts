import type { Cursor, OperationOptions } from '../interfaces/index.js';
import { loadCheckpoint } from './checkpoint-session.js';
import { type PageWork, asBatch, preparePage } from './page-work.js';
import type { SampleResult } from './results.js';
import type { ExporterSettings } from './settings.js';

const NONCE = '0'.repeat(16);

/** Reads a few rows without moving anything: those the next run would begin with, else the first ones of all. */
export async function sampleExport(
  settings: ExporterSettings,
  limit: number,
  options: OperationOptions,
): Promise<SampleResult> {
  const loaded = await loadCheckpoint(settings.store, settings.exportId, options);
  const cursor = loaded?.document.cursor ?? null;
  const work =
    (await firstRows(settings, { cursor, limit }, options)) ??
    (cursor === null ? null : await firstRows(settings, { cursor: null, limit }, options));
  if (work === null) return { rows: [], keys: [] };
  const delivered = outputsOf(work).slice(0, limit);
  const rows = work.outputs.select(delivered).objects();
  const partitions = new Set(delivered.map((output) => work.places[output] ?? 0));
  const { exportId, keys, encoder, runtime } = settings;
  const parts = {
    exportId,
    generation: loaded?.document.generation ?? 1,
    sequence: loaded?.document.sequence ?? 1,
    nonce: NONCE,
    runStartedAt: runtime.now(),
    extension: encoder.extension,
  };
  return {
    rows,
    keys: [...partitions].map((place) =>
      keys.key({ ...parts, partition: work.partitions[place] ?? {} }),
    ),
  };
}

function outputsOf(work: PageWork): number[] {
  return work.fates.flatMap((fate, row) => {
    if (fate.kind !== 'deliver') return [];
    const from = work.starts[row] ?? 0;
    return Array.from({ length: (work.starts[row + 1] ?? 0) - from }, (_, index) => from + index);
  });
}

async function firstRows(
  settings: ExporterSettings,
  from: { readonly cursor: Cursor | null; readonly limit: number },
  options: OperationOptions,
): Promise<PageWork | null> {
  const pages = settings.source.read({ ...options, cursor: from.cursor, pageSize: from.limit });
  for await (const page of pages) {
    const rows = asBatch(page.rows);
    if (rows.length === 0) continue;
    return await preparePage(rows.slice(0, Math.min(rows.length, from.limit)), 0, {
      identity: settings.source.rowIdentity,
      identities: page.identities,
      keys: settings.keys,
      transform: settings.transform,
      runStartedAt: settings.runtime.now(),
      isKnown: () => false,
      refused: new Map(),
      signal: options.signal,
    });
  }
  return null;
}
