import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';

import { parquetEncoder } from '../../src/entries/parquet.js';
import { encoderContract } from '../../src/entries/testing.js';
import { textsInExtra } from '../support/parquet/extra-texts.js';
import { readWithDuckDb } from '../support/parquet/readers/duckdb.js';
import { readBytesWithHyparquet } from '../support/parquet/readers/hyparquet.js';
import { builtWorkerUrl } from '../support/parquet/worker-threads.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = await temporaryFolder();
let files = 0;

const READERS = {
  hyparquet: async (object: Uint8Array) => textsInExtra(await readBytesWithHyparquet(object)),
  DuckDB: async (object: Uint8Array) => {
    files += 1;
    const path = join(folder, `${files}.parquet`);
    await writeFile(path, object);
    return textsInExtra(await readWithDuckDb(path));
  },
};

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'zstd'] as const;

describe.each(COMPRESSIONS)('parquetEncoder, %s', (compression) => {
  const create = () => parquetEncoder({ compression, schema: { name: 'all', columns: [] } });
  for (const { name, skip, run } of encoderContract({ create, read: READERS.hyparquet })) {
    it.skipIf(skip)(name, run);
  }
});

describe('parquetEncoder, read by DuckDB', () => {
  const create = () => parquetEncoder({ schema: { name: 'all', columns: [] } });
  for (const { name, skip, run } of encoderContract({ create, read: READERS.DuckDB })) {
    it.skipIf(skip)(name, run);
  }
});

describe('parquetEncoder, with 2 workers', () => {
  const create = () =>
    parquetEncoder({
      schema: { name: 'all', columns: [] },
      workers: 2,
      workerUrl: builtWorkerUrl(),
    });
  for (const { name, skip, run } of encoderContract({ create, read: READERS.hyparquet })) {
    it.skipIf(skip)(name, run);
  }
});
