import assert from 'node:assert/strict';

import { expect } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { downloadBucket } from './download-bucket.js';
import { queryDuckDb } from './duckdb.js';
import { openProcess, freshPlace, type S3ExportPlace } from './bucket-export.js';
import type { S3Server } from './s3-place.js';
import { spanExporter } from './span-export.js';
import { liveVersionsOf, spanEvents, type SpansWorld, startWorld } from './spans.js';
import { temporaryFolder } from './temporary-folder.js';

const ROWS = 60;
const UPDATED = 12;
/** Uploads that a run opens before its process dies. */
const UPLOADS_OF_THE_DEAD = 3;

/**
 * Exports spans that change, by processes of which one dies, and reads the objects of the bucket with DuckDB: it must
 * see every version that the source showed once, and as the latest version of each row what the source shows now.
 */
export async function assertDuckDbSeesTheSource(server: S3Server): Promise<void> {
  const world = await startWorld();
  try {
    const place = await freshPlace(server);
    const projectId = world.plane.createProject('read back').id;
    const first = await writeSpans(world, projectId, spanEvents(ROWS));
    await dieInARun(world, { place, projectId });
    await runExport(world, { place, projectId });
    const updates = spanEvents(UPDATED).map((event) => ({ ...event, input: 'changed ✓' }));
    const second = await writeSpans(world, projectId, updates);
    await runExport(world, { place, projectId });
    const folder = await temporaryFolder();
    await downloadBucket(place, folder);
    await compare(folder, { versions: [...new Set([...first, ...second])], live: second });
  } finally {
    await world.plane.close();
  }
}

interface SpanExport {
  readonly place: S3ExportPlace;
  readonly projectId: string;
}

/** Writes rows and lets them settle. Gives the versions that the source then shows. */
async function writeSpans(
  world: SpansWorld,
  projectId: string,
  events: readonly { readonly id: string; readonly input: string }[],
): Promise<readonly string[]> {
  world.plane.insert('project_logs', projectId, events);
  world.pass(200);
  return liveVersionsOf(world.plane, projectId);
}

let processes = 0;

async function runExport(
  world: SpansWorld,
  { place, projectId }: SpanExport,
  onUpload?: (die: () => void) => void,
): Promise<void> {
  processes += 1;
  const now = new Date(Date.UTC(2026, 2, 1, processes));
  const runtime = manualClock({ autoAdvance: true, seed: 9_000 + processes, now });
  const { parts, die, close } = openProcess(place, { runtime });
  const exporter = spanExporter(
    { source: world.source({ projectId }), ...parts },
    {
      runtime,
      encoder: jsonlEncoder({ compression: 'gzip' }),
      observer: (event) => {
        if (event.type === 'request' && event.operation === 'create-multipart-upload')
          onUpload?.(die);
      },
    },
  );
  try {
    await exporter.run();
  } finally {
    close();
  }
}

async function dieInARun(world: SpansWorld, spans: SpanExport): Promise<void> {
  let uploads = 0;
  const run = runExport(world, spans, (die) => {
    uploads += 1;
    if (uploads === UPLOADS_OF_THE_DEAD) die();
  });
  await expect(run).rejects.toThrow();
}

async function compare(
  folder: string,
  expected: { readonly versions: readonly string[]; readonly live: readonly string[] },
): Promise<void> {
  const rows = `read_json('${folder}/archive/*/*.jsonl.gz', union_by_name = true)`;
  const all = await queryDuckDb(`select id || '@' || _xact_id from ${rows} order by 1`);
  assert.deepEqual(all.flat(), expected.versions.toSorted(), 'every version is there once');
  const latest = await queryDuckDb(`
    select id || '@' || _xact_id, input from ${rows}
    qualify row_number() over (partition by project_id, id order by _xact_id desc) = 1
    order by 1`);
  assert.deepEqual(
    latest.map(([version]) => version),
    expected.live.toSorted(),
    'the latest versions are those of the source',
  );
  const changed = latest.filter(([, input]) => input === 'changed ✓');
  assert.equal(changed.length, UPDATED, 'with the content of the update');
}
