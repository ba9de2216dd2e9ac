import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { queryDuckDb } from '../duckdb.js';
import type { CsvLine } from './parse-csv.js';

/** Longer than any row of a test. */
const LINE_MAX_BYTES = 16_000_000;

/** A reader of CSV that tells an empty cell from an empty string, and takes no cell for a number or a date. */
export function duckDbCsvReader(
  folder: string,
): (file: Uint8Array, columns: number) => Promise<readonly CsvLine[]> {
  let files = 0;
  return async (file, columns) => {
    files += 1;
    const path = join(folder, `${files}.csv`);
    await writeFile(path, file);
    const types = Array.from({ length: columns }, (_, index) => `'column${index}': 'VARCHAR'`);
    const rows = await queryDuckDb(`
      select hex(encode(columns(*))) from read_csv('${path}', auto_detect = false, header = false, delim = ',', quote = '"',
        escape = '"', new_line = '\\r\\n', allow_quoted_nulls = false, max_line_size = ${LINE_MAX_BYTES},
        buffer_size = ${4 * LINE_MAX_BYTES}, parallel = false, columns = {${types.join(', ')}})`);
    // Text is fetched as bytes: the client drops a byte order mark when it makes strings.
    return (rows as readonly CsvLine[]).map((line) =>
      line.map((cell) => (cell === null ? null : Buffer.from(cell, 'hex').toString())),
    );
  };
}
