import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { parquetEncoder } from '../../src/entries/parquet.js';
import { isExportError } from '../../src/errors/index.js';
import { datePartitionedKeys, readManifests } from '../../src/index.js';
import { queryDuckDb } from '../support/duckdb.js';
import { spanExporter } from '../support/span-export.js';
import { type SpansWorld, liveVersionsOf, startWorld } from '../support/spans.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROWS = 60;

interface ParquetExport {
  readonly world: SpansWorld;
  readonly projectId: string;
  readonly root: string;
}

/** A project whose spans are exported into folders by date. */
async function startExport(): Promise<ParquetExport> {
  const world = await startWorld();
  onTestFinished(() => world.plane.close());
  const root = await temporaryFolder();
  return { world, projectId: world.plane.createProject('parquet').id, root };
}

function insert(
  { world, projectId }: ParquetExport,
  rows: readonly Record<string, unknown>[],
): void {
  world.plane.insert('project_logs', projectId, rows as readonly { readonly id: string }[]);
  world.pass(200);
}

function exporterOf(
  { world, projectId, root }: ParquetExport,
  options: Parameters<typeof parquetEncoder>[0] = {},
): ReturnType<typeof spanExporter> {
  const parts = {
    source: world.source({ projectId }),
    sink: fileSink({ root }),
    cursorStore: fileCursorStore({ root: join(root, '.cursors') }),
  };
  return spanExporter(parts, { encoder: parquetEncoder(options) });
}

function spanOf(row: number): Record<string, unknown> {
  return {
    id: `row-${row}`,
    created: new Date(Date.UTC(2026, 1, 1 + (row % 3))).toISOString(),
    input: { text: 'ünï ☃'.repeat(row) },
    metadata: { model: `model-${row % 2}`, row },
    metrics: { start: 1_770_000_000.25 + row, tokens: row },
    span_attributes: { name: 'answer', type: 'llm' },
    tags: ['a', `b-${row}`],
  };
}

describe('an export to Parquet', () => {
  it('states in each manifest which columns its objects have', async () => {
    const place = await startExport();
    const exportWith = async (row: number, promote: readonly string[]): Promise<void> => {
      insert(place, [spanOf(row)]);
      await exporterOf(place, { promote }).run();
    };
    await exportWith(1, []);
    await exportWith(2, ['metadata.model']);
    const schemaIds: unknown[] = [];
    for await (const { manifest } of readManifests(fileSink({ root: place.root }), {
      exportId: 'spans',
    })) {
      schemaIds.push(manifest.schemaId);
    }
    const encoders = [parquetEncoder(), parquetEncoder({ promote: ['metadata.model'] })];
    expect(schemaIds).toEqual(encoders.map(({ schemaId }) => schemaId));
    expect(new Set(schemaIds).size).toBe(2);
  });

  it('is queried by DuckDB in its folders, every version once and with its values', async () => {
    const place = await startExport();
    insert(
      place,
      Array.from({ length: ROWS }, (_, row) => spanOf(row)),
    );
    const result = await exporterOf(place, { promote: ['metadata.model'] }).run();
    expect(result.mistypedValues).toBe(0);
    const files = `read_parquet('${place.root}/*/*.parquet', union_by_name = true)`;
    const versions = await queryDuckDb(`select id || '@' || _xact_id from ${files} order by 1`);
    expect(versions.flat()).toEqual(liveVersionsOf(place.world.plane, place.projectId).toSorted());
    const [sums] = await queryDuckDb(
      `select count(*)::int, sum(metric_tokens)::int, sum((metadata->>'$.row')::int)::int,
              count(distinct metadata_model)::int, sum(length(input->>'$.text'))::int,
              sum(len(tags))::int, min(created)::varchar, count(_extra)::int,
              bool_and(span_name = 'answer' and span_type = 'llm')
       from ${files}`,
    );
    const sum = (ROWS * (ROWS - 1)) / 2;
    expect(sums).toEqual([ROWS, sum, sum, 2, 5 * sum, 2 * ROWS, '2026-02-01 00:00:00+00', 0, true]);
  });

  it('is queried in place by the folders of the hive layout', async () => {
    const place = await startExport();
    insert(
      place,
      Array.from({ length: ROWS }, (_, row) => spanOf(row)),
    );
    const parts = {
      source: place.world.source({ projectId: place.projectId }),
      sink: fileSink({ root: place.root }),
      cursorStore: fileCursorStore({ root: join(place.root, '.cursors') }),
    };
    const keys = datePartitionedKeys({ layout: 'hive', by: 'created' });
    await spanExporter(parts, { encoder: parquetEncoder(), keys }).run();
    const files = `read_parquet('${place.root}/*/*.parquet', hive_partitioning = true)`;
    const days = await queryDuckDb(
      `select "date"::varchar, count(*)::int, bool_and(created::date = "date")
       from ${files} where "date" >= date '2026-02-02' group by all order by all`,
    );
    expect(days).toEqual([
      ['2026-02-02', ROWS / 3, true],
      ['2026-02-03', ROWS / 3, true],
    ]);
  });

  it('stops before a row that a frozen schema refuses, and goes on once it may drift', async () => {
    const place = await startExport();
    const rows = Array.from({ length: ROWS }, (_, row) => spanOf(row));
    insert(place, [...rows.slice(0, -1), { ...spanOf(ROWS - 1), tags: 'no list' }]);
    const failure: unknown = await exporterOf(place, { drift: 'freeze' })
      .run()
      .catch((error: unknown) => error);
    expect(isExportError(failure, 'ROW_UNENCODABLE') && failure.details).toMatchObject({
      column: 'tags',
    });
    const result = await exporterOf(place).run();
    expect(result.mistypedValues).toBe(1);
    const files = `read_parquet('${place.root}/*/*.parquet')`;
    const versions = await queryDuckDb(`select id || '@' || _xact_id from ${files} order by 1`);
    expect(versions.flat()).toEqual(liveVersionsOf(place.world.plane, place.projectId).toSorted());
    const extras = await queryDuckDb(`select _extra from ${files} where _extra is not null`);
    expect(extras).toEqual([['{"tags":"no list"}']]);
  });
});
