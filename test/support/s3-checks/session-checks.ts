import assert from 'node:assert/strict';

import type { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';

import { complete, prepareUpload, put, read, startUpload, type Place } from './actions.js';
import { FORBIDDEN, refused } from './expectations.js';
import type { S3Check, S3World } from './world.js';

/** Shortest session that AWS grants, in seconds. */
const SESSION_SECONDS = 900;

const TOKEN_REFUSED = { status: [400, 403] };

/** Keys for a while, from the server's STS, for a role that may use one prefix of one bucket. */
export const SESSION_CHECKS: readonly S3Check[] = [
  {
    name: 'a session of a role reads and writes within the prefix of the role',
    async run(world) {
      const place = roleBucket(world, sessionClient(world, await assumeRole(world)));
      const key = `${world.role.prefix}${world.bucket}`;
      await put(place, { Key: key, Body: 'one' });
      assert.equal((await read(place, key)).toString(), 'one');
      const { upload, parts } = await prepareUpload(place, key, Buffer.from('two'));
      await complete(place, upload, parts);
      assert.equal((await read(place, key)).toString(), 'two');
    },
  },
  {
    name: 'a session of a role is refused outside the prefix of the role',
    async run(world) {
      const place = roleBucket(world, sessionClient(world, await assumeRole(world)));
      const key = `other/${world.bucket}`;
      await refused(put(place, { Key: key, Body: 'one' }), FORBIDDEN);
      await refused(startUpload(place, key), FORBIDDEN);
      await refused(put({ ...place, bucket: world.bucket }, { Key: key, Body: 'one' }), FORBIDDEN);
    },
  },
  {
    name: 'a session lasts as long as was asked for',
    async run(world) {
      const { expiration } = await assumeRole(world);
      const seconds = (expiration.getTime() - Date.now()) / 1_000;
      assert.ok(Math.abs(seconds - SESSION_SECONDS) < 60, `lasts ${seconds} s`);
    },
  },
  {
    name: 'the SDK takes the keys of a session for a client by itself',
    async run(world) {
      const { role, region } = world;
      const credentials = fromTemporaryCredentials({
        masterCredentials: { ...role.caller },
        params: { RoleArn: role.arn, RoleSessionName: 'check', DurationSeconds: SESSION_SECONDS },
        clientConfig: { endpoint: world.endpoint, region, maxAttempts: 1 },
      });
      const place = roleBucket(world, world.makeClient({ credentials }));
      const key = `${role.prefix}${world.bucket}`;
      await put(place, { Key: key, Body: 'one' });
      assert.equal((await read(place, key)).toString(), 'one');
    },
  },
  {
    name: 'a session whose token was changed is refused',
    async run(world) {
      const session = await assumeRole(world);
      const middle = Math.floor(session.sessionToken.length / 2);
      const other = session.sessionToken[middle] === 'A' ? 'B' : 'A';
      const sessionToken =
        session.sessionToken.slice(0, middle) + other + session.sessionToken.slice(middle + 1);
      const place = roleBucket(world, sessionClient(world, { ...session, sessionToken }));
      const write = put(place, { Key: `${world.role.prefix}${world.bucket}`, Body: 'one' });
      await refused(write, TOKEN_REFUSED);
    },
  },
  {
    name: 'the keys of a session are refused without its token',
    async run(world) {
      const { accessKeyId, secretAccessKey } = await assumeRole(world);
      const client = world.makeClient({ credentials: { accessKeyId, secretAccessKey } });
      const key = `${world.role.prefix}${world.bucket}`;
      await refused(put(roleBucket(world, client), { Key: key, Body: 'one' }), FORBIDDEN);
    },
  },
  {
    name: 'who is not trusted by a role may not assume it',
    async run(world) {
      await refused(assumeRole(world, world.credentials), FORBIDDEN);
    },
  },
];

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Session extends Keys {
  readonly sessionToken: string;
  readonly expiration: Date;
}

async function assumeRole(world: S3World, caller: Keys = world.role.caller): Promise<Session> {
  const client = new STSClient({
    endpoint: world.endpoint,
    region: world.region,
    credentials: { ...caller },
    maxAttempts: 1,
  });
  try {
    const settings = { RoleArn: world.role.arn, RoleSessionName: 'check' };
    const command = new AssumeRoleCommand({ ...settings, DurationSeconds: SESSION_SECONDS });
    const { Credentials: keys } = await client.send(command);
    return {
      accessKeyId: keys?.AccessKeyId ?? '',
      secretAccessKey: keys?.SecretAccessKey ?? '',
      sessionToken: keys?.SessionToken ?? '',
      expiration: keys?.Expiration ?? new Date(0),
    };
  } finally {
    client.destroy();
  }
}

function sessionClient(world: S3World, session: Session): S3Client {
  const { accessKeyId, secretAccessKey, sessionToken } = session;
  return world.makeClient({ credentials: { accessKeyId, secretAccessKey, sessionToken } });
}

function roleBucket(world: S3World, client: S3Client): Place {
  return { bucket: world.role.bucket, client };
}
