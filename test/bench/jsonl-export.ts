import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { figure } from './figure.js';
import type { BenchGroup } from './figure.js';
import {
  hostFigures,
  measureExport,
  type Measured,
  type RowSize,
  withPlane,
} from './measured-export.js';

const ROWS = 1_000_000;
const QUICK_ROWS = 50_000;
const REALISTIC_ROWS = 100_000;
const QUICK_REALISTIC_ROWS = 20_000;
const FLOOR_REQUESTS_PER_MILLION = 1_000;

/** The whole pipeline over HTTP from a plane in another process: what the source and the host pay. */
export const jsonlExport: BenchGroup = async function* ({ quick }) {
  const small = await exportToFiles(quick ? QUICK_ROWS : ROWS, 'small');
  const perMillion = (small.requests / small.rows) * 1e6;
  yield {
    ...figure('api-requests-per-million-rows', perMillion, 'requests'),
    ratio: perMillion / FLOOR_REQUESTS_PER_MILLION,
    peer: 'the floor of 1,000',
  };
  yield* hostFigures('small', small);
  const large = quick ? QUICK_REALISTIC_ROWS : REALISTIC_ROWS;
  yield* hostFigures('large', await exportToFiles(large, 'realistic'));
};

function exportToFiles(rows: number, size: RowSize): Promise<Measured> {
  return withPlane(rows, size, async (address) => {
    const root = await mkdtemp(join(tmpdir(), 'bench-export-'));
    try {
      return await measureExport(address, rows, {
        sink: fileSink({ root: join(root, 'data') }),
        cursorStore: fileCursorStore({ root: join(root, 'cursors') }),
      });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
}
