import type { Encoder, ObjectEncoder, ObjectOrigin } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { NumbersForm, RowSchemaName } from '../columns/row-columns.js';
import { VERSION } from '../../version.js';
import { requireZstd } from '../compression/zstd.js';
import { CODEC_IDS, PARQUET_COMPRESSIONS, createPageCompressor } from './file/codec.js';
import type { ParquetCompression } from './file/codec.js';
import { ParquetObject } from './parquet-object.js';
import type { RowGroups } from './row-groups.js';
import { readSchema } from './read-schema.js';
import type { ColumnOptions, CustomSchema } from './read-schema.js';
import type { ParquetSchema } from './schema.js';
import { SlicedRowGroups } from './sliced-row-groups.js';
import { PARQUET_WORKER } from './workers/messages.js';
import { WorkerPool } from './workers/worker-pool.js';
import { WorkerRowGroups } from './workers/worker-row-groups.js';
import { readWorkerUrl, requireWorkerUrl } from './workers/worker-url.js';

const DRIFTS = ['evolve', 'freeze'] as const;

export interface ParquetEncoderOptions {
  /**
   * The columns: those of one kind of Braintrust's rows, or columns of your own. `_extra` always comes last and
   * holds what no other column does. Its name is part of an export's fingerprint.
   * @defaultValue `'spans'`
   */
  readonly schema?: RowSchemaName | CustomSchema | undefined;
  /**
   * More columns, each from a path: `'metadata.model'` makes a `utf8` column `metadata_model`. The value stays
   * in the column of its top-level member, too. May change between runs.
   * @defaultValue none
   */
  readonly promote?: readonly (string | ColumnOptions)[] | undefined;
  /**
   * Whether `scores` is JSON text or a map from names to doubles. Not with columns of your own. Fixed.
   * @defaultValue `'json'`
   */
  readonly scores?: NumbersForm | undefined;
  /**
   * Whether `metrics` is JSON text or a map from names to doubles; the well-known ones have columns of their own
   * besides. Not with columns of your own. Fixed.
   * @defaultValue `'json'`
   */
  readonly metrics?: NumbersForm | undefined;
  /**
   * How pages are compressed. zstd on Node.js before 22.15 needs the package `@foxglove/wasm-zstd`. Fixed.
   * @defaultValue `'zstd'`
   */
  readonly compression?: ParquetCompression | undefined;
  /**
   * How hard to compress: 1 to 3 for zstd, 1 to 9 for gzip; not allowed with others. May change between runs.
   * @defaultValue 1 for zstd, 6 for gzip
   */
  readonly level?: number | undefined;
  /**
   * What happens to members that no column is for, and to values of another type than their column's: `'evolve'`
   * keeps them in `_extra`, or in the JSON column around them; `'freeze'` refuses the row with `ROW_UNENCODABLE`.
   * @defaultValue `'evolve'`
   */
  readonly drift?: (typeof DRIFTS)[number] | undefined;
  /**
   * In how many worker threads row groups are encoded; 0 encodes in this thread. The bytes are the same. Workers
   * are started with the first row group of 16 MiB, and end with the last open object. They need about 100 MB
   * each. May change between runs.
   * @defaultValue 0
   */
  readonly workers?: number | undefined;
  /**
   * Where the code of the workers lies, `tracehaul/parquet-worker`: a URL, or the absolute path of a file. For
   * programs that are bundled.
   * @defaultValue the file in the package
   */
  readonly workerUrl?: URL | string | undefined;
}

interface ResolvedOptions {
  readonly schema: ParquetSchema;
  readonly identity: Readonly<Record<string, string>>;
  readonly compression: ParquetCompression;
  readonly level: number;
  readonly isFrozen: boolean;
  readonly workers: number;
  readonly workerUrl: URL | string | undefined;
}

/** More would wait for the thread that reads the rows. */
const WORKERS_MAX = 64;

/** Levels that are quick enough for the event loop. */
const LEVELS: Readonly<
  Record<ParquetCompression, { readonly max: number; readonly fallback: number }>
> = {
  none: { max: 0, fallback: 0 },
  snappy: { max: 0, fallback: 0 },
  gzip: { max: 9, fallback: 6 },
  zstd: { max: 3, fallback: 1 },
};

/**
 * Encodes rows as Parquet: typed columns for what is known, and JSON text as the source wrote it for the rest.
 * Nothing is converted or dropped: a value of another type than its column's is null there and stays in the
 * JSON column around it, or in `_extra`. Row groups hold about 16 MiB of input, pages about 1 MiB.
 *
 * The work is cut into slices that hold the event loop a few milliseconds each, but for a single row of many
 * megabytes; or `workers` do it. Memory does not grow with the object, except for its footer.
 * @throws ConfigurationError `OPTION_INVALID`, or `CAPABILITY_MISSING` when zstd cannot be written here or the
 * code of the workers is not there.
 */
export function parquetEncoder(options: ParquetEncoderOptions = {}): Encoder {
  const resolved = readOptions('parquetEncoder', options, readParquetOptions);
  const { schema, identity, compression, isFrozen } = resolved;
  if (compression === 'zstd') requireZstd();
  const createRowGroups = rowGroupsFactory(resolved);
  return Object.freeze({
    format: 'parquet',
    compression,
    extension: '.parquet',
    contentType: 'application/vnd.apache.parquet',
    identity: Object.freeze(identity),
    schemaId: schema.id,
    open: async (origin?: ObjectOrigin): Promise<ObjectEncoder> => {
      const rowGroups = await createRowGroups();
      const codec = CODEC_IDS[compression];
      return new ParquetObject({ schema, rowGroups, codec, isFrozen, origin });
    },
  });
}

/** What makes the row groups of each object: this thread, or workers that open objects share. */
function rowGroupsFactory(options: ResolvedOptions): () => Promise<RowGroups> {
  const { schema, compression, level, workers } = options;
  const createSliced = async (): Promise<RowGroups> =>
    new SlicedRowGroups(schema, await createPageCompressor(compression, level));
  if (workers === 0) return createSliced;
  const setup = { kind: PARQUET_WORKER, version: VERSION, schema, compression, level } as const;
  const poolOptions = { size: workers, url: requireWorkerUrl(options.workerUrl), setup };
  let pool = new WorkerPool(poolOptions);
  return async () => {
    if (pool.isEnded) pool = new WorkerPool(poolOptions);
    return new WorkerRowGroups({ pool, createSliced });
  };
}

function readParquetOptions(reader: OptionReader): ResolvedOptions {
  const compression = reader.oneOf('compression', PARQUET_COMPRESSIONS, 'zstd');
  const schema = readSchema(reader);
  const forms = Object.fromEntries(
    ['scores', 'metrics']
      .filter((name) => reader.value(name) === 'map')
      .map((name) => [name, 'map']),
  );
  return {
    schema,
    identity: { format: 'parquet', compression, schema: schema.name, ...forms },
    compression,
    level: readLevel(reader, compression),
    isFrozen: reader.oneOf('drift', DRIFTS, 'evolve') === 'freeze',
    workers: reader.number('workers', 0, { min: 0, max: WORKERS_MAX }),
    workerUrl: readWorkerUrl(reader),
  };
}

function readLevel(reader: OptionReader, compression: ParquetCompression): number {
  const { max, fallback } = LEVELS[compression];
  if (max > 0) return reader.number('level', fallback, { min: 1, max });
  if (reader.has('level')) {
    reader.problem('level', `has no meaning with \`compression: '${compression}'\``);
  }
  return fallback;
}
