import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { isExportError } from '../../src/errors/index.js';
import { ownerOfKey } from '../../src/util/object-owner.js';
import { type S3Double, startS3Double } from '../support/s3-double/index.js';
import {
  assertBucketExactlyOnce,
  freshPlace,
  listBucket,
  openProcess,
  type S3ExportPlace,
  serverOf,
} from '../support/bucket-export.js';
import { seenTable } from '../support/export-process.js';
import { onlyOf } from '../support/shared-sink.js';
import { assertExactlyOnce, tableExporter } from '../support/table-export.js';
import type { Table } from '../support/table-source.js';
import { clockAt, filled } from '../support/table-world.js';

const ROUNDS = 5;

let double: S3Double;
let place: S3ExportPlace;

beforeAll(async () => {
  double = await startS3Double();
});

beforeEach(async () => {
  double.intercept = null;
  place = await freshPlace(serverOf(double));
});

afterAll(() => double.close());

interface Worker {
  readonly id: string;
  readonly table: Table;
  /** Minutes by which its clock is ahead; also the seed of its ids. */
  readonly minutes: number;
  /** Dies when it opens its so-many-th upload. */
  readonly diesAtUpload?: number;
}

/** One run of a worker. Gives its stop reason, or the code of its error. */
async function work({ id, table, minutes, diesAtUpload }: Worker): Promise<string> {
  const runtime = clockAt(minutes, 1 + minutes);
  const { parts, die, close } = openProcess(place, { runtime });
  let uploads = 0;
  const exporter = tableExporter(
    { source: table.source(), ...parts },
    {
      id,
      runtime,
      observer: (event) => {
        if (event.type !== 'request' || event.operation !== 'create-multipart-upload') return;
        uploads += 1;
        if (uploads === diesAtUpload) die();
      },
    },
  );
  try {
    return (await exporter.run()).stopReason;
  } catch (error) {
    if (!isExportError(error)) throw error;
    return error.code;
  } finally {
    close();
  }
}

/** Resolves when the double has been asked so often. */
async function requestsMade(count: number): Promise<void> {
  let made = 0;
  await new Promise<void>((resolve) => {
    double.intercept = () => {
      made += 1;
      if (made === count) resolve();
      return null;
    };
  });
}

describe('two workers at once over S3, whose clocks are ten minutes apart', () => {
  it('lose and double nothing, however often one overtakes the other', async () => {
    const ends: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const table = seenTable(round);
      const minutes = round * 60;
      const worker = { id: 'prod', table };
      const first = work({ ...worker, minutes });
      // In the middle of a commit, each time at another point.
      await requestsMade(14 + 2 * round);
      ends.push(...(await Promise.all([first, work({ ...worker, minutes: minutes + 10 })])));
      expect(await work({ ...worker, minutes: minutes + 30 })).toBe('caught-up');
      await assertBucketExactlyOnce(place, table);
    }
    for (const end of ends) expect(['caught-up', 'locked', 'LEASE_LOST']).toContain(end);
    expect(ends).toContain('LEASE_LOST');
  });
});

describe('two exports in one folder, `prod` and `prod-eu`', () => {
  it('leave the unfinished uploads of each other alone', async () => {
    const table = filled(10);
    expect(await work({ id: 'prod', table, minutes: 0, diesAtUpload: 2 })).not.toBe('caught-up');
    expect(await work({ id: 'prod-eu', table, minutes: 1, diesAtUpload: 2 })).not.toBe('caught-up');
    const both = ['prod', 'prod', 'prod-eu', 'prod-eu'];
    expect((await listBucket(place)).uploads.map(exportOf).toSorted()).toEqual(both);
    expect(await work({ id: 'prod-eu', table, minutes: 60 })).toBe('caught-up');
    expect((await listBucket(place)).uploads.map(exportOf)).toEqual(['prod', 'prod']);
    expect(await work({ id: 'prod', table, minutes: 61 })).toBe('caught-up');
    expect((await listBucket(place)).uploads).toEqual([]);
    await assertBothExactlyOnce(table);
  });

  it('run at the same time, and neither loses an upload to the other', async () => {
    const table = filled(20);
    const ends = await Promise.all([
      work({ id: 'prod', table, minutes: 0 }),
      work({ id: 'prod-eu', table, minutes: 1 }),
    ]);
    expect(ends).toEqual(['caught-up', 'caught-up']);
    const aborts = double.requests.filter(
      ({ operation, bucket }) => operation === 'AbortMultipartUpload' && bucket === place.bucket,
    );
    expect(aborts).toEqual([]);
    await assertBothExactlyOnce(table);
  });
});

function exportOf(key: string): string {
  return ownerOfKey(key.slice('archive/'.length))?.exportId ?? '';
}

async function assertBothExactlyOnce(table: Table): Promise<void> {
  const { parts, close } = openProcess(place);
  for (const id of ['prod', 'prod-eu']) await assertExactlyOnce(onlyOf(parts.sink, id), table, id);
  close();
}
