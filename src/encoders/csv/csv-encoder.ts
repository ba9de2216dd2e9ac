import type { Encoder, Json } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { Compression } from '../compression/compressor.js';
import { readCompression } from '../compression/read-compression.js';
import type { CompressionChoice } from '../compression/read-compression.js';
import { textEncoder } from '../text/text-encoder.js';
import { CsvWriter } from './csv-writer.js';
import type { CsvDrift, CsvTable } from './csv-writer.js';
import { readColumns } from './read-columns.js';
import type { CsvColumnOptions, CsvColumnsName } from './read-columns.js';

const DELIMITERS = [',', ';', '\t', '|'] as const;
const DRIFTS: readonly CsvDrift[] = ['evolve', 'freeze', 'omit'];
const VALUES = ['text', 'json'] as const;

export interface CsvEncoderOptions {
  /**
   * The columns: those of one kind of Braintrust's rows, as Parquet has them; columns of your own, by their paths;
   * or `'first-rows'`, the top-level members of the first rows that each object gets, in their order. Fixed.
   * @defaultValue `'spans'`
   */
  readonly columns?: CsvColumnsName | readonly (string | CsvColumnOptions)[] | undefined;
  /**
   * What happens to members that no column holds: `'evolve'` keeps them in the last column `_extra`, as JSON;
   * `'freeze'` refuses the row with `ROW_UNENCODABLE`; `'omit'` leaves them out for good, and has no `_extra`.
   * `'omit'` needs columns of your own, and is fixed.
   * @defaultValue `'evolve'`
   */
  readonly drift?: CsvDrift | undefined;
  /**
   * How values are written: `'text'` writes strings as they are, so that `7` and `"7"` look the same; `'json'`
   * writes every value as JSON, strings in their quotes, so that all can be told apart. Fixed.
   * @defaultValue `'text'`
   */
  readonly values?: (typeof VALUES)[number] | undefined;
  /**
   * Puts an apostrophe before strings and names of columns that spreadsheets would take for a formula: with `=`,
   * `+`, `-`, `@`, tab, line break or NUL in front. Such text then differs from the source's. Fixed.
   * @defaultValue `false`
   */
  readonly formulaGuard?: boolean | undefined;
  /**
   * What stands between cells. Fixed.
   * @defaultValue `','`
   */
  readonly delimiter?: (typeof DELIMITERS)[number] | undefined;
  /**
   * Whether files begin with a byte order mark, by which Excel knows UTF-8. Fixed.
   * @defaultValue `false`
   */
  readonly bom?: boolean | undefined;
  /**
   * How objects are compressed: `gzip` (`.csv.gz`), `zstd` (`.csv.zst`), which on Node.js before 22.15 needs the
   * package `@foxglove/wasm-zstd`, or `none` (`.csv`). Fixed.
   * @defaultValue `'gzip'`
   */
  readonly compression?: Compression | undefined;
  /**
   * How hard to compress: 1 to 9 for gzip, 1 to 19 for zstd; not allowed with `none`. May change between runs.
   * @defaultValue 6 for gzip, 3 for zstd
   */
  readonly level?: number | undefined;
}

interface ResolvedOptions {
  readonly table: CsvTable;
  readonly identity: Readonly<Record<string, Json>>;
  readonly choice: CompressionChoice;
}

/**
 * Encodes rows as CSV of RFC 4180 in UTF-8: a line of names, lines that end with CR LF, quotes where they are
 * needed. Objects, arrays and numbers are written as the source spelt them. A null is an empty cell, an empty string
 * is `""`. What no column holds goes to the last one, `_extra`.
 *
 * The work is cut into slices that hold the event loop a few milliseconds each, but for a single row of many
 * megabytes. A row of more than 128 MiB is refused with `ROW_UNENCODABLE`.
 * @throws ConfigurationError `OPTION_INVALID`, or `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export function csvEncoder(options: CsvEncoderOptions = {}): Encoder {
  const { table, identity, choice } = readOptions('csvEncoder', options, readCsvOptions);
  const format = {
    format: 'csv',
    extension: '.csv',
    contentType: 'text/csv',
    identity,
    open: (): CsvWriter => new CsvWriter(table),
  };
  return textEncoder(format, choice);
}

function readCsvOptions(reader: OptionReader): ResolvedOptions {
  const { columns, identity } = readColumns(reader);
  const drift = reader.oneOf('drift', DRIFTS, 'evolve');
  if (drift === 'omit' && typeof identity === 'string')
    reader.problem('drift', "may be 'omit' with columns of your own only");
  if (drift === 'omit' && columns?.length === 0)
    reader.problem('columns', "must have one column at least with `drift: 'omit'`");
  const values = reader.oneOf('values', VALUES, 'text');
  const delimiter = reader.oneOf('delimiter', DELIMITERS, ',');
  const formulaGuard = reader.boolean('formulaGuard', false);
  const bom = reader.boolean('bom', false);
  return {
    table: {
      columns,
      drift,
      delimiter,
      isJson: values === 'json',
      hasFormulaGuard: formulaGuard,
      hasByteOrderMark: bom,
    },
    identity: { columns: identity, values, delimiter, formulaGuard, bom, extra: drift !== 'omit' },
    choice: readCompression(reader),
  };
}
