import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';

import { assumeRole, type AssumeRoleOptions } from 'tracehaul/s3';
import { manualClock } from 'tracehaul/testing';

import { AssumeRoleFailure, isAssumeRoleFailure } from '../../../src/aws/assume-role.js';
import { loadPackage } from '../../../src/aws/load-package.js';
import {
  reply,
  startScriptedServer,
  type ReceivedRequest,
  type Reply,
  type ScriptedServer,
} from '../../support/scripted-server.js';

const ROLE = 'arn:aws:iam::123456789012:role/exports';
const BASE = { accessKeyId: 'AKIABASE', secretAccessKey: 'base-secret' };
const XML = { 'content-type': 'text/xml' };

/** An answer of STS whose credentials live so long from now. */
function granted(accessKeyId: string, livesMs: number): Reply {
  const expiration = new Date(Date.now() + livesMs).toISOString();
  return reply(
    200,
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
<SessionToken>role-token</SessionToken><Expiration>${expiration}</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>`,
    XML,
  );
}

function refused(status: number, code: string): Reply {
  const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>not you</Message></Error></ErrorResponse>`;
  return reply(status, body, XML);
}

const servers: ScriptedServer[] = [];

async function startServer(...replies: readonly Reply[]): Promise<ScriptedServer> {
  const server = await startScriptedServer(...replies);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const HOUR_MS = 3_600_000;

function optionsFor(sts: ScriptedServer): AssumeRoleOptions {
  return { roleArn: ROLE, endpoint: sts.url, region: 'eu-central-1', credentials: BASE };
}

function s3ClientFor(s3: ScriptedServer, options: AssumeRoleOptions): S3Client {
  return new S3Client({
    endpoint: s3.url,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: assumeRole(options),
  });
}

/** The access key that a request was signed with. */
function signingKey({ headers }: ReceivedRequest): string | undefined {
  return /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1];
}

describe('the request to STS', () => {
  it('names role, session, duration and external id, and is signed with the base credentials', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    await assumeRole({
      ...optionsFor(sts),
      externalId: 'bt:o:p:e',
      sessionName: 'nightly',
      durationSeconds: 1200,
    })();
    const [request] = sts.received;
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'nightly',
      DurationSeconds: '1200',
      ExternalId: 'bt:o:p:e',
    });
    expect(request?.headers.authorization).toMatch(
      /Credential=AKIABASE\/\d{8}\/eu-central-1\/sts\/aws4_request/,
    );
  });

  it('says the defaults, and no external id that was not given', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    await assumeRole(optionsFor(sts))();
    const parameters = new URLSearchParams(sts.received[0]?.body);
    expect(parameters.get('RoleSessionName')).toBe('tracehaul');
    expect(parameters.get('DurationSeconds')).toBe('3600');
    expect(parameters.has('ExternalId')).toBe(false);
  });

  it('is made when credentials are needed, not before', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    const provide = assumeRole(optionsFor(sts));
    expect(sts.received).toHaveLength(0);
    await expect(provide()).resolves.toMatchObject({
      accessKeyId: 'ASIA1',
      secretAccessKey: 'role-secret',
      sessionToken: 'role-token',
      expiration: expect.any(Date) as unknown,
    });
    expect(sts.received).toHaveLength(1);
  });

  it('goes to the region of the client that asks when none is given', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    const s3 = await startServer(reply(200));
    const client = s3ClientFor(s3, { ...optionsFor(sts), region: undefined });
    await client.send(new PutObjectCommand({ Bucket: 'archive', Key: 'a', Body: 'x' }));
    expect(sts.received[0]?.headers.authorization).toContain('/eu-central-1/sts/');
  });
});

describe('a client of S3', () => {
  const put = (): PutObjectCommand =>
    new PutObjectCommand({ Bucket: 'archive', Key: 'a', Body: 'x' });

  it('asks once for credentials that live long', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    const s3 = await startServer(reply(200));
    const client = s3ClientFor(s3, optionsFor(sts));
    await Promise.all([client.send(put()), client.send(put())]);
    await client.send(put());
    expect(sts.received).toHaveLength(1);
    expect(s3.received.map(({ headers }) => headers['x-amz-security-token'])).toEqual(
      Array(3).fill('role-token'),
    );
  });

  it('asks again before the credentials expire and signs the next request with the new ones', async () => {
    let grants = 0;
    let livesMs = 60_000;
    const sts = await startServer((response, request) => {
      grants += 1;
      granted(`ASIA${grants}`, livesMs)(response, request);
    });
    const s3 = await startServer(reply(200));
    const client = s3ClientFor(s3, optionsFor(sts));
    await client.send(put());
    const beforeRefresh = grants;
    livesMs = HOUR_MS;
    await client.send(put());
    await client.send(put());
    const refreshed = `ASIA${beforeRefresh + 1}`;
    expect(grants).toBe(beforeRefresh + 1);
    expect(s3.received.map(signingKey)).toEqual([`ASIA${beforeRefresh}`, refreshed, refreshed]);
  });

  it('fails with a failure of the role, and sends nothing to S3, when STS refuses', async () => {
    const sts = await startServer(refused(403, 'AccessDenied'));
    const s3 = await startServer(reply(200));
    const error: unknown = await s3ClientFor(s3, optionsFor(sts))
      .send(put())
      .catch((thrown: unknown) => thrown);
    expect(isAssumeRoleFailure(error)).toBe(true);
    expect(error).toMatchObject({ roleArn: ROLE, cause: { name: 'AccessDenied' } });
    expect(String(error)).toContain(ROLE);
    expect(s3.received).toHaveLength(0);
  });

  it('gets credentials again after a refusal was mended', async () => {
    const sts = await startServer(refused(403, 'AccessDenied'), granted('ASIA1', HOUR_MS));
    const s3 = await startServer(reply(200));
    const client = s3ClientFor(s3, optionsFor(sts));
    await expect(client.send(put())).rejects.toSatisfy(isAssumeRoleFailure);
    await client.send(put());
    expect(s3.received).toHaveLength(1);
  });

  it('has its own failures, which are none of the role', async () => {
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    const denied = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const s3 = await startServer(reply(403, denied, XML));
    const error: unknown = await s3ClientFor(s3, optionsFor(sts))
      .send(put())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AccessDenied' });
    expect(isAssumeRoleFailure(error)).toBe(false);
  });
});

describe('a provider', () => {
  it('gives up on an STS that never answers, after the limit', async () => {
    const clock = manualClock();
    let noteRequest = (): void => undefined;
    const asked = new Promise<void>((resolve) => (noteRequest = resolve));
    const sts = await startServer(() => noteRequest());
    const options = { ...optionsFor(sts), timeoutMs: 5000, runtime: clock };
    const given = assumeRole(options)().catch((thrown: unknown) => thrown);
    await asked;
    await clock.advance(5000);
    const error = await given;
    expect(error).toBeInstanceOf(AssumeRoleFailure);
    expect(error).toMatchObject({ cause: { name: 'TimeoutError' } });
  });

  it('gives no credentials for an answer without any', async () => {
    const sts = await startServer(reply(200, '<html>a proxy</html>', XML));
    await expect(assumeRole(optionsFor(sts))()).rejects.toSatisfy(isAssumeRoleFailure);
  });

  it('passes on the failure of base credentials as a failure of the role', async () => {
    const cause = new Error('no base credentials');
    const sts = await startServer(granted('ASIA1', HOUR_MS));
    const provide = assumeRole({
      ...optionsFor(sts),
      credentials: () => Promise.reject(cause),
    });
    await expect(provide()).rejects.toMatchObject({ roleArn: ROLE, cause });
    expect(sts.received).toHaveLength(0);
  });
});

describe('assumeRole', () => {
  it.each([
    ['arn:aws:iam::123456789012:user/ci', /`roleArn` must be the ARN of a role/],
    ['arn:aws:iam:::role/exports', /`roleArn` must be the ARN of a role/],
    ['exports', /`roleArn` must be the ARN of a role/],
    ['', /`roleArn` must be a non-empty string/],
  ])('refuses the role %j', (roleArn, message) => {
    expect(() => assumeRole({ roleArn })).toThrow(message);
  });

  it('takes a role without an account from a server other than AWS', () => {
    const endpoint = 'https://sts.example.test';
    expect(assumeRole({ roleArn: 'arn:aws:iam:::role/exports', endpoint })).toBeTypeOf('function');
  });

  it.each(['a', 'with space', 'bt:o:*', 'x'.repeat(1225)])('refuses the external id %s', (id) => {
    expect(() => assumeRole({ roleArn: ROLE, externalId: id })).toThrow(/`externalId` must/);
  });

  it('takes what AWS allows as duration, and less only from a server of its own', () => {
    const take = (durationSeconds: number, endpoint?: string) => (): unknown =>
      assumeRole({ roleArn: ROLE, durationSeconds, endpoint });
    expect(take(899)).toThrow(/from 900 to 43200/);
    expect(take(900)).not.toThrow();
    expect(take(43_200)).not.toThrow();
    expect(take(43_201)).toThrow(/from 900 to 43200/);
    expect(take(1, 'http://127.0.0.1:1')).not.toThrow();
    expect(take(0, 'http://127.0.0.1:1')).toThrow(/from 1 to 43200/);
  });

  it('names every wrong option at once and shows no secret', () => {
    const options = {
      roleArn: ROLE,
      sessionName: 'a b',
      region: 'EU!',
      endpoint: 'https://me:hunter2@sts.test',
      credentials: { accessKeyId: '', secretAccessKey: 'hunter2' },
      rolearn: 'x',
    };
    const create = (): unknown => assumeRole(options as unknown as AssumeRoleOptions);
    expect(create).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({
          problems: [
            expect.stringContaining('endpoint'),
            expect.stringContaining('sessionName'),
            expect.stringContaining('region'),
            expect.stringContaining('credentials'),
            expect.stringContaining('rolearn'),
          ] as unknown,
        }) as unknown,
      }),
    );
    expect(create).not.toThrow(/hunter2/);
  });
});

describe('an optional package', () => {
  it('that is not installed is named with the command that installs it', async () => {
    const name = '@tracehaul/not-there';
    await expect(loadPackage(name, () => import(name) as Promise<unknown>)).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      remedy: expect.stringContaining(`npm install ${name}`) as unknown,
    });
  });

  it('that fails while it loads fails as it is', async () => {
    const broken = new Error('broken');
    await expect(loadPackage('broken', () => Promise.reject(broken))).rejects.toBe(broken);
  });
});
