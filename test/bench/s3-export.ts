import { s3CursorStore, s3Sink } from '../../src/entries/s3.js';
import type { ExportEvent } from '../../src/interfaces/index.js';
import { figure } from './figure.js';
import type { BenchGroup, Figure } from './figure.js';
import {
  benchExporter,
  hostFigures,
  measureExport,
  type Measured,
  type RowSize,
  withPlane,
} from './measured-export.js';
import { BENCH_BUCKET, withS3 } from './s3-server.js';

const ROWS = 1_000_000;
const QUICK_ROWS = 50_000;
const REALISTIC_ROWS = 100_000;
const QUICK_REALISTIC_ROWS = 20_000;

/** What was asked of S3. */
interface S3Cost {
  readonly requests: number;
  readonly commits: number;
  readonly objectBytes: number;
  /** Requests of a later run that finds nothing new. */
  readonly idleRequests: number;
}

/** The whole way over HTTP: a plane and an S3 server in processes of their own, a host that is measured. */
export const s3Export: BenchGroup = async function* ({ quick }) {
  const small = await exportToS3(quick ? QUICK_ROWS : ROWS, 'small');
  yield* hostFigures('s3-small', small.measured);
  yield* costFigures('small', small.cost);
  const rows = quick ? QUICK_REALISTIC_ROWS : REALISTIC_ROWS;
  const large = await exportToS3(rows, 'realistic');
  yield* hostFigures('s3-large', large.measured);
  yield* costFigures('large', large.cost);
};

function* costFigures(suffix: string, cost: S3Cost): Generator<Figure> {
  const gigabytes = cost.objectBytes / 1e9;
  yield figure(`s3-requests-per-gb-${suffix}`, cost.requests / gigabytes, 'requests');
  yield figure(`s3-requests-per-commit-${suffix}`, cost.requests / cost.commits, 'requests');
  yield figure(`s3-requests-idle-run-${suffix}`, cost.idleRequests, 'requests');
}

function exportToS3(rows: number, size: RowSize): Promise<{ measured: Measured; cost: S3Cost }> {
  return withPlane(rows, size, (address) =>
    withS3(async (clientConfig) => {
      let [requests, commits, objectBytes] = [0, 0, 0];
      const observer = (event: ExportEvent): void => {
        if (event.type === 'request' && event.target !== 'source') requests += 1;
        if (event.type !== 'commit') return;
        commits += 1;
        objectBytes += event.bytes;
      };
      const place = {
        sink: s3Sink({ bucket: BENCH_BUCKET, prefix: 'traces', clientConfig }),
        cursorStore: s3CursorStore({ bucket: BENCH_BUCKET, clientConfig }),
        observer,
      };
      const measured = await measureExport(address, rows, place);
      const cost = { requests, commits, objectBytes };
      requests = 0;
      await benchExporter(address, place).run();
      return { measured, cost: { ...cost, idleRequests: requests } };
    }),
  );
}
