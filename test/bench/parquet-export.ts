import { parquetEncoder } from '../../src/entries/parquet.js';
import { s3CursorStore, s3Sink } from '../../src/entries/s3.js';
import type { BenchGroup } from './figure.js';
import { hostFigures, measureExport, withPlane } from './measured-export.js';
import { BENCH_BUCKET, withS3 } from './s3-server.js';

/** About 2 GB. */
const ROWS = 400_000;
const QUICK_ROWS = 20_000;
/** Made by `npm run build`. */
const WORKER_URL = new URL('../../dist/parquet-worker.js', import.meta.url);

/** The whole way over HTTP: a plane and an S3 server in processes of their own, a host that is measured. */
export const parquetExport: BenchGroup = async function* ({ quick }) {
  const rows = quick ? QUICK_ROWS : ROWS;
  for (const workers of [0, 2]) {
    const encoder = parquetEncoder({ workers, workerUrl: WORKER_URL });
    const measured = await withPlane(rows, 'realistic', (address) =>
      withS3((clientConfig) =>
        measureExport(address, rows, {
          sink: s3Sink({ bucket: BENCH_BUCKET, prefix: 'traces', clientConfig }),
          cursorStore: s3CursorStore({ bucket: BENCH_BUCKET, clientConfig }),
          encoder,
        }),
      ),
    );
    yield* hostFigures(`parquet-${workers}-workers`, measured);
  }
};
