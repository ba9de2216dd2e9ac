import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { fileSink } from '../../src/entries/fs.js';
import { killAnywhere, overtakeStopped, runInPairs } from '../support/export-process.js';
import { startS3Double } from '../support/s3-double/index.js';
import {
  assertBucketExactlyOnce,
  freshPlace,
  type S3ExportPlace,
  serverOf,
} from '../support/bucket-export.js';
import { assertExactlyOnce } from '../support/table-export.js';
import type { Table } from '../support/table-source.js';

/** Each process takes a second or more to start. */
const TIMEOUT_MS = 180_000;
/** With the lease goes what it had staged: either can be what it misses first. */
const FAILED = {
  stopReason: null,
  code: expect.stringMatching(/^(?:LEASE_LOST|SINK_\w+)$/) as string,
};
const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);

async function temporaryPlace(): Promise<{ readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kill-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder };
}

async function placeOnDouble(): Promise<S3ExportPlace> {
  const double = await startS3Double();
  onTestFinished(() => double.close());
  return await freshPlace(serverOf(double));
}

describe(`a process killed at any point (EXPORT_SEED=${SEED})`, { timeout: TIMEOUT_MS }, () => {
  it('loses and doubles nothing on local files', async () => {
    const place = await temporaryPlace();
    const sink = fileSink({ root: join(place.folder, 'data') });
    const check = (table: Table): Promise<unknown> => assertExactlyOnce(sink, table);
    const kills = await killAnywhere(place, { stages: 3, killsPerStage: 5, seed: SEED, check });
    expect(kills).toBeGreaterThan(3);
  });

  it('loses and doubles nothing over S3', async () => {
    const place = await placeOnDouble();
    const check = (table: Table): Promise<unknown> => assertBucketExactlyOnce(place, table);
    const kills = await killAnywhere(place, { stages: 2, killsPerStage: 2, seed: SEED, check });
    expect(kills).toBeGreaterThan(0);
  });
});

describe('a process that stops in the middle of a commit', { timeout: TIMEOUT_MS }, () => {
  it('locks out a second one for its lease, and changes nothing when it wakes, on local files', async () => {
    const place = await temporaryPlace();
    const sink = fileSink({ root: join(place.folder, 'data') });
    const outcome = await overtakeStopped(place, (table) => assertExactlyOnce(sink, table));
    expect(outcome).toMatchObject(FAILED);
  });

  it('locks out a second one for its lease, and changes nothing when it wakes, over S3', async () => {
    const place = await placeOnDouble();
    const outcome = await overtakeStopped(place, (table) => assertBucketExactlyOnce(place, table));
    expect(outcome).toMatchObject(FAILED);
  });
});

describe(
  'two processes at once, whose clocks are ten minutes apart',
  { timeout: TIMEOUT_MS },
  () => {
    it('lose and double nothing over S3', async () => {
      const place = await placeOnDouble();
      const check = (table: Table): Promise<unknown> => assertBucketExactlyOnce(place, table);
      const outcomes = await runInPairs(place, { stages: 2, check });
      expect(outcomes).toHaveLength(4);
      for (const { stopReason, code } of outcomes)
        expect(['caught-up', 'locked', 'LEASE_LOST']).toContain(stopReason ?? code);
    });
  },
);
