import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { isExportError } from '../../src/errors/index.js';
import type { RequestName, Strike } from '../support/request-strikes.js';
import { type S3Double, startS3Double } from '../support/s3-double/index.js';
import { S3World } from '../support/s3-world.js';

const QUARTER_MS = 15 * 60_000;

let double: S3Double;
let requests: readonly RequestName[];

beforeAll(async () => {
  double = await startS3Double();
  const world = await S3World.open(double);
  const plan = world.plan();
  await world.play({ plan });
  ({ requests } = plan);
});

afterAll(() => double.close());

/** Numbers of the requests of one operation in the first commit: for its object, and for its row index. */
function requestsFor(operation: string): readonly [number, number] {
  const [object = 0, rowIndex = 0] = requests.flatMap((request, index) =>
    request.operation === operation ? [index + 1] : [],
  );
  return [object, rowIndex];
}

const DESTROYED: Strike = { name: 'destroyed', fault: { kind: 'destroy-upload' } };
const HIDDEN: Strike = { name: 'hidden', fault: { kind: 'hide-upload', requests: 1_000_000 } };
const LOST_PART: Strike = { name: 'lost part', fault: { kind: 'lie' } };
const DEAD: Strike = { name: 'dead', fault: { kind: 'reset-before' }, dies: true };

/** Plays up to the run that is struck, and gives that run's error. */
async function playInto(world: S3World, at: number, strike: Strike): Promise<unknown> {
  const plan = world.plan(at, strike);
  for (const number of [0, 1]) {
    world.step(number);
    const end = await world.runStruck({ plan });
    if (end !== 'caught-up') return end;
  }
  return 'caught-up';
}

/** What a run in a new process fails with, and how long it took by its clock. */
async function failNext(world: S3World): Promise<{ code: string; tookMs: number }> {
  return await world.with(async (exporter, clock) => {
    const began = clock.now().getTime();
    const error = await exporter.run().then(
      () => new Error('the run went through'),
      (thrown: unknown) => thrown,
    );
    if (!isExportError(error)) throw error;
    return { code: error.code, tookMs: clock.now().getTime() - began };
  });
}

async function exportAgain(world: S3World): Promise<void> {
  expect(await world.with((exporter) => exporter.resolve('export-again'))).toBe(true);
  await world.runClean();
  world.step(1);
  await world.runClean();
  await world.assertExactlyOnce();
}

describe('an upload that its completion destroyed', () => {
  it('is unresolved after a quarter of an hour, and exported again when the host says so', async () => {
    const [at] = requestsFor('CompleteMultipartUpload');
    const world = await S3World.open(double);
    expect(await playInto(world, at, DESTROYED)).toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    const next = await failNext(world);
    expect(next.code).toBe('COMMIT_UNRESOLVED');
    expect(next.tookMs).toBeGreaterThanOrEqual(QUARTER_MS);
    await exportAgain(world);
  });

  it('supersedes the objects of its commit that are visible', async () => {
    const [, at] = requestsFor('CompleteMultipartUpload');
    const world = await S3World.open(double);
    expect(await playInto(world, at, DESTROYED)).toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    await exportAgain(world);
  });
});

describe('an upload that its completion hides for longer than a quarter of an hour', () => {
  it('is found when it has landed', async () => {
    const [at] = requestsFor('CompleteMultipartUpload');
    const world = await S3World.open(double);
    expect(await playInto(world, at, HIDDEN)).toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    await double.settleLate();
    await world.runClean();
    await world.assertExactlyOnce();
  });

  it('may land after it was exported again, and stays named as superseded', async () => {
    const [at] = requestsFor('CompleteMultipartUpload');
    const world = await S3World.open(double);
    await playInto(world, at, HIDDEN);
    expect(await world.with((exporter) => exporter.resolve('export-again'))).toBe(true);
    await double.settleLate();
    await world.runClean();
    await world.assertExactlyOnce();
  });
});

describe('an upload that a lifecycle rule aborted between two runs', () => {
  it('is unresolved when it was decided, and exported again when the host says so', async () => {
    const [at] = requestsFor('CompleteMultipartUpload');
    const world = await S3World.open(double);
    await playInto(world, at, DEAD);
    double.bucket(world.place.bucket).abortUploads();
    expect((await failNext(world)).code).toBe('COMMIT_UNRESOLVED');
    await exportAgain(world);
  });

  it('is nobody’s loss when it was not decided', async () => {
    const [at] = requestsFor('UploadPart');
    const world = await S3World.open(double);
    await playInto(world, at, DEAD);
    double.bucket(world.place.bucket).abortUploads();
    await world.runClean();
    await world.assertExactlyOnce();
  });
});

describe('a part that the service confirmed and forgot', () => {
  it('is never passed over: runs fail until the host has it exported again', async () => {
    for (const at of requestsFor('UploadPart')) {
      const world = await S3World.open(double);
      const error = await playInto(world, at, LOST_PART);
      expect(error, `request ${at}`).toMatchObject({ code: 'OBJECT_CORRUPT' });
      expect((await failNext(world)).code).toBe('OBJECT_CORRUPT');
      await exportAgain(world);
    }
  });
});
