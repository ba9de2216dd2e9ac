import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, inject, it, onTestFinished } from 'vitest';

import { complete, prepareUpload, put, read, type Place } from '../support/s3-checks/actions.js';
import { failureText, outcomeOf } from '../support/s3-checks/expectations.js';
import { gatewayAdministration } from '../support/s3-servers/gateway-administration.js';
import { startGateway, type Gateway } from '../support/s3-servers/gateway.js';

/** Longest that a change of a user's rights, or the end of a session, may take to show, in milliseconds. */
const CHANGE_LIMIT_MS = 30_000;

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

describe('what tests can have a radosgw do', () => {
  it('a suspended user is refused until the user is enabled again', async () => {
    const { administration, user, place } = await newUser();
    await put(place, { Key: 'object', Body: 'one' });
    await administration.suspendUser(user);
    expect(await outcomeOf(read(place, 'object'))).toMatch(/^403 /);
    await administration.enableUser(user);
    expect((await read(place, 'object')).toString()).toBe('one');
  });

  it('a write over the limit of a bucket is refused, and one within it is not', async () => {
    const { administration, user, place } = await newUser();
    await administration.limitBuckets(user, 64 * 1024);
    await put(place, { Key: 'object', Body: Buffer.alloc(1_000) });
    const large = put(place, { Key: 'large', Body: Buffer.alloc(128 * 1024) });
    expect(await outcomeOf(large)).toBe('403 QuotaExceeded');
  });

  it('a killed gateway gives no answer, and knows all buckets and uploads once it is started again', async () => {
    const gateway = await newGateway();
    const place = await newBucket(gateway.endpoint, inject('radosgw').credentials);
    const { upload, parts } = await prepareUpload(place, 'object', Buffer.from('body'));
    await gateway.kill();
    await expect(complete(place, upload, parts)).rejects.toThrow('ECONNREFUSED');
    await gateway.restart();
    await complete(place, upload, parts);
    expect((await read(place, 'object')).toString()).toBe('body');
  });

  it('a session is refused once its time is over', async () => {
    const { endpoint, role } = inject('radosgw');
    const session = await assumeRole(role.sessionMinSeconds);
    const place = { bucket: role.bucket, client: newClient(endpoint, session) };
    const key = `${role.prefix}${randomBytes(8).toString('hex')}`;
    await put(place, { Key: key, Body: 'one' });
    expect(await failureWithin(() => read(place, key))).toMatch(/^403 /);
  });
});

function newClient(endpoint: string, identity: Identity): S3Client {
  const client = new S3Client({
    endpoint,
    region: inject('radosgw').region,
    credentials: { ...identity },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  onTestFinished(() => client.destroy());
  return client;
}

async function newBucket(endpoint: string, identity: Identity): Promise<Place> {
  const client = newClient(endpoint, identity);
  const bucket = `control-${randomBytes(8).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return { bucket, client };
}

/** A user of one test, who owns one bucket. */
async function newUser(): Promise<{
  readonly administration: ReturnType<typeof gatewayAdministration>;
  readonly user: string;
  readonly place: Place;
}> {
  const { configuration, endpoint } = inject('radosgw');
  const administration = gatewayAdministration(configuration);
  const user = `user-${randomBytes(8).toString('hex')}`;
  const place = await newBucket(endpoint, await administration.createUser(user));
  return { administration, user, place };
}

async function newGateway(): Promise<Gateway> {
  const gateway = await startGateway(inject('radosgw').configuration);
  onTestFinished(async () => await gateway.kill());
  return gateway;
}

async function assumeRole(seconds: number): Promise<Identity> {
  const { endpoint, region, role } = inject('radosgw');
  const client = new STSClient({ endpoint, region, credentials: { ...role.caller } });
  onTestFinished(() => client.destroy());
  const settings = { RoleArn: role.arn, RoleSessionName: 'control', DurationSeconds: seconds };
  const { Credentials: keys } = await client.send(new AssumeRoleCommand(settings));
  return {
    accessKeyId: keys?.AccessKeyId ?? '',
    secretAccessKey: keys?.SecretAccessKey ?? '',
    sessionToken: keys?.SessionToken ?? '',
  };
}

/** Asks until there is a failure, and gives it; the server's own clock decides when. */
async function failureWithin(request: () => Promise<unknown>): Promise<string> {
  const limit = Date.now() + CHANGE_LIMIT_MS;
  while (Date.now() < limit) {
    try {
      await request();
    } catch (error) {
      return failureText(error);
    }
    await sleep(200);
  }
  return 'no failure';
}
