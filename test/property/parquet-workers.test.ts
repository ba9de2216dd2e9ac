import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/entries/parquet.js';
import type { Encoder, RowBatch } from '../../src/interfaces/index.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import type { Choices } from '../support/parquet/random-rows.js';
import { builtWorkerUrl } from '../support/parquet/worker-threads.js';
import { textBatch } from '../support/rows.js';

const MEBIBYTE = 1024 * 1024;
const WORKERS = [0, 1, 2, 3];
const runs = {
  seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
  numRuns: Number(process.env['EXPORT_RUNS'] ?? 4),
};

/** A row of any shape, most of them small, some of them longer than a row group. */
function rowOf(choices: Choices, columns: ReturnType<typeof randomColumns>): string {
  const row = randomRow(choices, columns);
  if (!choices.chance(0.2)) return row;
  const size = choices.chance(0.1) ? 17 * MEBIBYTE : choices.below(3 * MEBIBYTE);
  const filler = `${choices.below(2 ** 32)} `.repeat(Math.ceil(size / 8));
  return `{"filler":"${filler}","row":${row}}`;
}

/** The rows in batches that begin and end anywhere; some are slices and selections of larger ones. */
function batchesOf(choices: Choices, texts: readonly string[]): readonly RowBatch[] {
  const batches: RowBatch[] = [];
  for (let at = 0; at < texts.length;) {
    const part = texts.slice(at, at + choices.below(40));
    at += part.length;
    const around = textBatch('{"before":1}', ...part, '{"after":1}');
    const indexes = part.map((_, index) => index + 1);
    batches.push(
      choices.of([
        () => textBatch(...part),
        () => around.slice(1, part.length + 1),
        () => around.select(indexes),
      ])(),
    );
  }
  return batches;
}

async function encode(encoder: Encoder, batches: readonly RowBatch[]) {
  const object = await encoder.open({ exportId: 'e', generation: 1, sequence: 2 });
  const chunks: Uint8Array[] = [];
  for (const batch of batches) chunks.push(...(await object.write(batch)));
  chunks.push(...(await object.finish()));
  const { rowCount, mistypedValues } = object;
  return { bytes: Buffer.concat(chunks), rowCount, mistypedValues };
}

describe('a Parquet file', () => {
  it('is the same to the last byte with any number of workers and in any batches', async () => {
    const counts = { large: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom('zstd', 'snappy', 'gzip', 'none'),
        async (seed, compression) => {
          const choices = choicesFrom(seededRandom(seed));
          const columns = randomColumns(choices, choices.below(10));
          const texts = Array.from({ length: choices.below(100) }, () => rowOf(choices, columns));
          const schema = { name: 'random', columns };
          const files = [];
          for (const workers of WORKERS) {
            const workerUrl = builtWorkerUrl();
            const encoder = parquetEncoder({ schema, compression, workers, workerUrl });
            files.push(await encode(encoder, batchesOf(choices, texts)));
          }
          const [first, ...others] = files;
          for (const { bytes, rowCount, mistypedValues } of others) {
            expect(rowCount).toBe(texts.length);
            expect(mistypedValues).toBe(first?.mistypedValues);
            expect(Buffer.compare(bytes, first?.bytes ?? Buffer.alloc(0))).toBe(0);
          }
          const size = texts.reduce((sum, text) => sum + text.length, 0);
          if (size > 32 * MEBIBYTE) counts.large += 1;
        },
      ),
      runs,
    );
    expect(counts.large).toBeGreaterThan(0);
  });
});
