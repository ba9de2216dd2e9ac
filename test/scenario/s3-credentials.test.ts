import { STSClient, AssumeRoleCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';

import { assumeRole, type AwsCredentials, type S3SinkOptions } from 'tracehaul/s3';

import {
  expectMended,
  EXPORTER,
  failureOf,
  type S3World,
  startS3World,
} from '../support/s3-export.js';
import { clientConfigOf } from '../support/s3-place.js';

const ROLE = 'arn:aws:iam::111122223333:role/exporter';
const MINUTE = 60_000;

/** A server whose clock can be moved. */
async function startWorld(): Promise<S3World & { readonly moveTo: (minutes: number) => void }> {
  let offset = 0;
  const world = await startS3World({ now: () => new Date(Date.now() + offset) });
  world.double.addRole({ arn: ROLE, trusts: [EXPORTER.accessKeyId] });
  return { ...world, moveTo: (minutes) => (offset = minutes * MINUTE) };
}

function optionsWith(
  { double }: S3World,
  credentials: AwsCredentials | ReturnType<typeof assumeRole>,
): Partial<S3SinkOptions> {
  const config = clientConfigOf({ ...double, endpoint: double.url });
  return { clientConfig: { ...config, credentials } };
}

function roleOf({ double }: S3World): ReturnType<typeof assumeRole> {
  const { url: endpoint, region } = double;
  return assumeRole({
    roleArn: ROLE,
    endpoint,
    region,
    credentials: EXPORTER,
    durationSeconds: 900,
  });
}

/** A session of the role as somebody would copy it into a configuration. */
async function fixedSession({ double }: S3World): Promise<AwsCredentials> {
  const { url: endpoint, region } = double;
  const sts = new STSClient({ endpoint, region, credentials: EXPORTER });
  const command = new AssumeRoleCommand({
    RoleArn: ROLE,
    RoleSessionName: 'copied',
    DurationSeconds: 900,
  });
  const { Credentials } = await sts.send(command);
  sts.destroy();
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

const OPERATIONS = [
  'CreateMultipartUpload',
  'UploadPart',
  'HeadObject',
  'CompleteMultipartUpload',
  'PutObject',
];

describe('a session that ends in mid-upload', () => {
  it.each(OPERATIONS)(
    'is renewed by assumeRole(), at %s, and the run goes on',
    async (operation) => {
      const world = await startWorld();
      const { double, moveTo } = world;
      // The server's clock is behind: its sessions of 15 minutes seem to end in one.
      moveTo(-14);
      let isMoved = false;
      double.intercept = (request) => {
        if (request.operation === operation && !isMoved) {
          isMoved = true;
          moveTo(2);
        }
        return null;
      };
      const run = world.exporter(optionsWith(world, roleOf(world))).run();
      await expect(run).resolves.toMatchObject({ rows: 20 });
      const sessions = new Set(double.requests.map(({ accessKeyId }) => accessKeyId));
      expect(sessions.size).toBeGreaterThan(2);
      await expectMended(world);
    },
  );

  it.each(OPERATIONS)('is a clear error when it is fixed, at %s', async (operation) => {
    const world = await startWorld();
    const { double, moveTo } = world;
    moveTo(-14);
    const session = await fixedSession(world);
    double.intercept = (request) => {
      if (request.operation === operation) moveTo(2);
      return null;
    };
    const failure = await failureOf(world, world.exporter(optionsWith(world, session)).run());
    expect(failure).toMatchObject({ code: 'SINK_UNAUTHORIZED' });
    expect(failure.message).toMatch(/ExpiredToken|HeadObject failed with Unknown \(status 400\)/);
    expect(failure.remedy).toMatch(/assumeRole\(\)/);
    await expectMended(world, optionsWith(world, roleOf(world)));
  });
});

describe('a clock that is off', () => {
  it.each([-20, 20, -600, 600])('by %i minutes is corrected after one refusal', async (minutes) => {
    const world = await startWorld();
    world.moveTo(minutes);
    await world.exporter().run();
    const refused = world.double.requests.filter(({ code }) => code === 'RequestTimeTooSkewed');
    expect(refused).toHaveLength(1);
    await expectMended(world);
  });

  it('that nobody can correct is named', async () => {
    const world = await startWorld();
    world.double.intercept = () => ({ kind: 'error', status: 403, code: 'RequestTimeTooSkewed' });
    const failure = await failureOf(world, world.exporter().run());
    expect(failure).toMatchObject({ code: 'SINK_MISCONFIGURED' });
    expect(failure.remedy).toMatch(/Set the clock of this machine/);
    await expectMended(world);
  });
});
