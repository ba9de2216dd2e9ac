import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { expect, onTestFinished } from 'vitest';

import { s3Sink, type S3SinkOptions } from '../../src/entries/s3.js';
import { type ExportError, isExportError } from '../../src/errors/index.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import type { CursorStore, Sink } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { type S3Double, type S3DoubleOptions, startS3Double } from './s3-double/index.js';
import { clientConfigOf } from './s3-place.js';
import { assertExactlyOnce, tableExporter } from './table-export.js';
import type { Table } from './table-source.js';
import { filled } from './table-world.js';

/** Who exports: not the owner of the double, so that rights can be taken away. */
export const EXPORTER = { accessKeyId: 'AKIAEXPORTER00000000', secretAccessKey: 'exporter-secret' };

/** Name of the bucket that the exports write to. */
export const BUCKET = 'archive';

/** A table that is exported to a double. */
export interface S3World {
  readonly double: S3Double;
  readonly table: Table;
  readonly cursorStore: CursorStore;
  readonly exporter: (options?: Partial<S3SinkOptions>) => Exporter;
  /** A sink of the owner, who may always look. */
  readonly ownerSink: () => Sink;
}

/** Starts a double with a bucket, and closes it when the test is over. */
export async function startS3World(options: S3DoubleOptions = {}): Promise<S3World> {
  const double = await startS3Double(options);
  onTestFinished(() => double.close());
  double.addUser(EXPORTER);
  double.createBucket(BUCKET);
  const table = filled(20);
  const cursorStore = memoryCursorStore();
  const config = clientConfigOf({ ...double, endpoint: double.url });
  const exporter = (more: Partial<S3SinkOptions> = {}): Exporter =>
    tableExporter({
      source: table.source(),
      cursorStore,
      sink: s3Sink({
        bucket: BUCKET,
        ...('client' in more ? {} : { clientConfig: { ...config, credentials: EXPORTER } }),
        runtime: manualClock({ autoAdvance: true }),
        ...more,
      }),
    });
  const ownerSink = (): Sink => s3Sink({ bucket: BUCKET, clientConfig: config });
  return { double, table, cursorStore, exporter, ownerSink };
}

/** The error that a run ends with: one of ours, without any secret that a request held. */
export async function failureOf(
  { double }: Pick<S3World, 'double'>,
  run: Promise<unknown>,
): Promise<ExportError> {
  const error: unknown = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isExportError(error)) throw error ?? new Error('The run succeeded.');
  const shown = inspect(error, { depth: 20, showHidden: true });
  for (const secret of secretsOf(double)) assert.ok(!shown.includes(secret), 'a secret is shown');
  return error;
}

function secretsOf({ credentials, requests }: S3Double): readonly string[] {
  const sent = requests.flatMap(({ headers }) => [
    headers['x-amz-security-token'],
    /Signature=([0-9a-f]+)/.exec(headers['authorization'] ?? '')?.[1],
  ]);
  const secrets = [credentials.secretAccessKey, EXPORTER.secretAccessKey, ...sent];
  return secrets.filter((secret) => secret !== undefined);
}

/** Once the cause is gone, the next runs export everything, once, and leave nothing over. */
export async function expectMended(
  world: S3World,
  options: Partial<S3SinkOptions> = {},
): Promise<void> {
  const { table, exporter, ownerSink } = world;
  world.double.intercept = null;
  for (let row = 0; row < 3; row += 1) table.write(`after${row}`, table.settled + row, row);
  table.settled += 10;
  await exporter(options).run();
  const { rows } = await assertExactlyOnce(ownerSink(), table);
  expect(rows.length).toBeGreaterThanOrEqual(23);
}
