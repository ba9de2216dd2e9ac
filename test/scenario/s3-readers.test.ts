import { expect, it, onTestFinished } from 'vitest';

import { startS3Double } from '../support/s3-double/index.js';
import { serverOf } from '../support/bucket-export.js';
import { assertDuckDbSeesTheSource } from '../support/spans-in-duckdb.js';

it('DuckDB sees in the bucket what the source shows, each version once', async () => {
  const double = await startS3Double();
  onTestFinished(() => double.close());
  await expect(assertDuckDbSeesTheSource(serverOf(double))).resolves.toBeUndefined();
});
