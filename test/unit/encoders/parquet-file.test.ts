import { parquetMetadata } from 'hyparquet';
import type { ColumnMetaData, FileMetaData } from 'hyparquet';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../../src/entries/parquet.js';
import type { ParquetEncoderOptions } from '../../../src/entries/parquet.js';
import type { ObjectOrigin } from '../../../src/interfaces/index.js';
import { readPackageFile } from '../../support/packed-package.js';
import { encodeTexts } from '../../support/parquet/encode.js';

/** The footer of the file that holds the rows. */
async function footerOf(
  texts: readonly string[],
  options: ParquetEncoderOptions = {},
): Promise<FileMetaData> {
  const bytes = await encodeTexts(parquetEncoder(options), texts);
  return parquetMetadata(Uint8Array.from(bytes).buffer);
}

function columnOf(footer: FileMetaData, name: string, rowGroup = 0): ColumnMetaData {
  const columns = footer.row_groups[rowGroup]?.columns ?? [];
  const found = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  if (found?.meta_data === undefined) throw new Error(`no column ${name}`);
  return found.meta_data;
}

function rowsOf(count: number, row: (index: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => row(index));
}

describe('statistics', () => {
  it('hold the lowest and highest value and the nulls of scalar columns', async () => {
    const footer = await footerOf([
      '{"id":"b","created":"2026-01-02T00:00:00Z","is_root":false,"metrics":{"start":-1.5,"tokens":-9223372036854775808}}',
      '{"id":"é","created":"1969-12-31T23:59:59.999Z","is_root":false,"metrics":{"start":2,"tokens":9007199254740993}}',
      '{"id":"a","metrics":{"start":null,"tokens":-1}}',
    ]);
    const statisticsOf = (name: string): unknown[] => {
      const { min_value, max_value, null_count } = columnOf(footer, name).statistics ?? {};
      return [min_value, max_value, Number(null_count)];
    };
    expect(statisticsOf('id')).toEqual(['a', 'é', 0]);
    expect(statisticsOf('created')).toEqual([new Date(-1), new Date('2026-01-02'), 1]);
    expect(statisticsOf('is_root')).toEqual([false, false, 1]);
    expect(statisticsOf('metric_start')).toEqual([-1.5, 2, 1]);
    expect(statisticsOf('metric_tokens')).toEqual([-(2n ** 63n), 9007199254740993n, 0]);
    expect(statisticsOf('input')).toEqual([undefined, undefined, 3]);
    expect(statisticsOf('org_id')).toEqual([undefined, undefined, 3]);
  });

  it('leave out strings too long for a footer', async () => {
    const footer = await footerOf([`{"id":"${'z'.repeat(65)}"}`, '{"id":"a"}']);
    expect(columnOf(footer, 'id').statistics?.min_value).toBeUndefined();
    expect(columnOf(footer, 'id').statistics?.max_value).toBeUndefined();
  });

  it('begin anew with each row group', async () => {
    const filler = 'x'.repeat(1_000_000);
    const footer = await footerOf(rowsOf(40, (row) => `{"id":"${row + 10}","input":"${filler}"}`));
    expect(footer.row_groups.length).toBeGreaterThan(1);
    expect(columnOf(footer, 'id', 0).statistics?.min_value).toBe('10');
    const first = Number(footer.row_groups[0]?.num_rows);
    expect(columnOf(footer, 'id', 1).statistics?.min_value).toBe(String(first + 10));
  });
});

describe('dictionaries', () => {
  const hasDictionary = (footer: FileMetaData, name: string): boolean =>
    columnOf(footer, name).dictionary_page_offset !== undefined;

  it('are made for strings of which few differ, and for no others', async () => {
    const footer = await footerOf(
      rowsOf(3000, (row) => `{"id":"row-${row}","project_id":"p-${row % 600}","log_id":"g"}`),
    );
    expect(hasDictionary(footer, 'id')).toBe(false);
    expect(hasDictionary(footer, 'project_id')).toBe(true);
    expect(hasDictionary(footer, 'log_id')).toBe(true);
    expect(hasDictionary(footer, 'org_id')).toBe(false);
    expect(columnOf(footer, 'project_id').statistics).toMatchObject({
      min_value: 'p-0',
      max_value: 'p-99',
    });
  });

  it('make columns of few values small', async () => {
    const texts = rowsOf(5000, (row) => `{"project_id":"${'long name '.repeat(6)}${row % 9}"}`);
    const footer = await footerOf(texts, { compression: 'none' });
    const { total_uncompressed_size } = columnOf(footer, 'project_id');
    expect(Number(total_uncompressed_size)).toBeLessThan(5000);
  });
});

describe('the layout', () => {
  it('closes a row group after 16 MiB of rows', async () => {
    const filler = 'some text '.repeat(500);
    const texts = rowsOf(8000, (row) => `{"id":"${row}","input":"${filler}"}`);
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    const footer = await footerOf(texts);
    expect(footer.row_groups).toHaveLength(Math.ceil(size / (16 * 1024 * 1024)));
    const rows = footer.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    expect([rows, Number(footer.num_rows)]).toEqual([8000, 8000]);
  });

  it('closes a row group after 122,880 tiny rows or one window more', async () => {
    const footer = await footerOf(rowsOf(130_000, () => '{}'));
    const rows = footer.row_groups.map((group) => Number(group.num_rows));
    expect(rows).toHaveLength(2);
    expect(rows[0]).toBeGreaterThanOrEqual(122_880);
    expect(rows[0]).toBeLessThan(122_880 + 512);
  });

  it('writes the codec that was asked for', async () => {
    const codecs = { none: 'UNCOMPRESSED', gzip: 'GZIP', snappy: 'SNAPPY', zstd: 'ZSTD' } as const;
    for (const [compression, codec] of Object.entries(codecs)) {
      const options = { compression: compression as keyof typeof codecs };
      expect(columnOf(await footerOf(['{"id":"a"}'], options), 'id').codec).toBe(codec);
    }
  });

  it('names the schema, and tells other columns by another digest', async () => {
    const metadataOf = async (options: ParquetEncoderOptions): Promise<Record<string, unknown>> => {
      const { key_value_metadata } = await footerOf([], options);
      return Object.fromEntries((key_value_metadata ?? []).map(({ key, value }) => [key, value]));
    };
    const plain = await metadataOf({});
    const promoted = await metadataOf({ promote: ['metadata.model'] });
    expect(plain['tracehaul.schema']).toBe('spans');
    expect(plain['tracehaul.schema_id']).toMatch(/^[0-9a-f]{16}$/);
    expect(promoted['tracehaul.schema_id']).not.toBe(plain['tracehaul.schema_id']);
    expect(await metadataOf({ level: 3 })).toEqual(plain);
  });

  it('states the version, and the commit that the file is made for', async () => {
    const metadataOf = async (origin?: ObjectOrigin): Promise<unknown> => {
      const object = await parquetEncoder().open(origin);
      const file = Buffer.concat(await object.finish());
      const { key_value_metadata } = parquetMetadata(Uint8Array.from(file).buffer);
      return Object.fromEntries((key_value_metadata ?? []).map(({ key, value }) => [key, value]));
    };
    const { version } = await readPackageFile();
    expect(await metadataOf({ exportId: 'prod', generation: 2, sequence: 41 })).toMatchObject({
      'tracehaul.version': version,
      'tracehaul.export_id': 'prod',
      'tracehaul.generation': '2',
      'tracehaul.sequence': '41',
    });
    expect(await metadataOf()).not.toHaveProperty(['tracehaul.export_id']);
  });

  it('counts by column the values of another type', async () => {
    const { key_value_metadata } = await footerOf([
      '{"id":1,"metrics":{"start":"x","tokens":null}}',
      '{"id":2,"tags":"a","new":1}',
      '{"id":"a","input":7}',
    ]);
    const found = key_value_metadata?.find(({ key }) => key === 'tracehaul.mistyped_values');
    expect(JSON.parse(found?.value ?? '')).toEqual({ id: 2, metric_start: 1, tags: 1 });
  });
});
