import { PutObjectCommand, UploadPartCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished } from 'vitest';

import { BUCKET, type DoubleFixture, openDouble, outcome } from '../support/double-fixture.js';
import { uploadParts } from '../support/double-fixture.js';
import type { DoubleRole } from '../support/s3-double/index.js';

const ARN = 'arn:aws:iam::444455556666:role/writer';
const EXTERNAL_ID = 'bt:org-1:project-2:export-3';
const REQUEST: AssumeRoleCommandInput = { RoleArn: ARN, RoleSessionName: 'tests' };

/** A double with a role that its owner may assume, and a client of STS. */
async function openSts(
  role: Partial<DoubleRole> = {},
  now: () => Date = () => new Date(),
): Promise<DoubleFixture & { readonly sts: STSClient }> {
  const fixture = await openDouble({ now });
  const { double } = fixture;
  double.addRole({ arn: ARN, trusts: [double.credentials.accessKeyId], ...role });
  return { ...fixture, sts: stsOf(fixture) };
}

function stsOf({ double }: DoubleFixture, credentials = double.credentials): STSClient {
  const { url: endpoint, region } = double;
  const sts = new STSClient({ endpoint, region, maxAttempts: 1, credentials: { ...credentials } });
  onTestFinished(() => sts.destroy());
  return sts;
}

/** A client with the credentials of a new session, and those credentials. */
async function assume(
  fixture: DoubleFixture & { readonly sts: STSClient },
  request: Partial<AssumeRoleCommandInput> = {},
): Promise<{ client: S3Client; credentials: SessionKeys; expires: Date | undefined }> {
  const { Credentials } = await fixture.sts.send(new AssumeRoleCommand({ ...REQUEST, ...request }));
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const client = fixture.makeClient({ credentials });
  return { client, credentials, expires: Credentials?.Expiration };
}

interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const put = (client: S3Client): Promise<string> =>
  outcome(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'object', Body: 'body' })));

describe('an assumed role', () => {
  it('writes with the credentials of its session', async () => {
    const fixture = await openSts();
    const { client, credentials } = await assume(fixture);
    expect(await put(client)).toBe('done');
    const { accessKeyId } = credentials;
    expect(fixture.double.requests.at(-1)).toMatchObject({ operation: 'PutObject', accessKeyId });
    const identity = await stsOf(fixture, credentials).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe('arn:aws:sts::444455556666:assumed-role/writer/tests');
  });

  it('is refused without its external id, with another one, and to who is not trusted', async () => {
    const fixture = await openSts({ externalId: EXTERNAL_ID });
    const ask = (sts: STSClient, ExternalId?: string): Promise<string> => {
      const more = ExternalId === undefined ? {} : { ExternalId };
      return outcome(sts.send(new AssumeRoleCommand({ ...REQUEST, ...more })));
    };
    expect(await ask(fixture.sts)).toBe('403 AccessDenied');
    expect(await ask(fixture.sts, 'bt:org-1:project-2:other')).toBe('403 AccessDenied');
    expect(await ask(fixture.sts, EXTERNAL_ID)).toBe('done');
    const other = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'secret' };
    fixture.double.addUser(other);
    expect(await ask(stsOf(fixture, other), EXTERNAL_ID)).toBe('403 AccessDenied');
    expect(fixture.double.requests.at(-1)).toMatchObject({ operation: 'AssumeRole', status: 403 });
  });

  it('that nobody made is refused like one that trusts somebody else', async () => {
    const { sts } = await openSts();
    const RoleArn = 'arn:aws:iam::444455556666:role/none';
    expect(await outcome(sts.send(new AssumeRoleCommand({ ...REQUEST, RoleArn })))).toBe(
      '403 AccessDenied',
    );
  });

  it('is denied by a rule about its ARN, whatever its session', async () => {
    const fixture = await openSts();
    fixture.double.deny({ action: 's3:PutObject', accessKeyId: ARN });
    const { client } = await assume(fixture);
    expect(await put(client)).toBe('403 AccessDenied');
    expect(await put(fixture.client)).toBe('done');
  });

  it('has sessions of 900 seconds at least and of its own maximum at most', async () => {
    const { sts } = await openSts({ sessionSeconds: 7200 });
    const ask = (DurationSeconds: number): Promise<string> =>
      outcome(sts.send(new AssumeRoleCommand({ ...REQUEST, DurationSeconds })));
    expect(await ask(899)).toBe('400 ValidationError');
    expect(await ask(900)).toBe('done');
    expect(await ask(7200)).toBe('done');
    expect(await ask(7201)).toBe('400 ValidationError');
  });
});

describe('a session', () => {
  it('that is over is refused in the middle of an upload, and a new one goes on', async () => {
    // The clock of the server runs ahead: to the client nothing seems to have ended.
    let ahead = 0;
    const fixture = await openSts({}, () => new Date(Date.now() + ahead));
    const { client, expires } = await assume(fixture, { DurationSeconds: 900 });
    expect(expires?.getTime()).toBeGreaterThan(Date.now());
    const { uploadId: UploadId, complete } = await uploadParts(client, 'object', ['first part']);
    ahead = 14 * 60_000;
    const part = { Bucket: BUCKET, Key: 'object', UploadId, PartNumber: 1, Body: 'first part' };
    expect(await outcome(client.send(new UploadPartCommand(part)))).toBe('done');
    ahead = 15 * 60_000;
    expect(await outcome(client.send(new UploadPartCommand(part)))).toBe('400 ExpiredToken');
    ahead = 0;
    const next = await assume(fixture);
    expect(await outcome(next.client.send(complete))).toBe('done');
  });

  it('needs its own token: no other, and not none', async () => {
    const fixture = await openSts();
    const { credentials } = await assume(fixture);
    const changed = `${credentials.sessionToken.slice(0, -4)}AAAA`;
    const wrong = fixture.makeClient({ credentials: { ...credentials, sessionToken: changed } });
    expect(await put(wrong)).toBe('400 InvalidToken');
    const { accessKeyId, secretAccessKey } = credentials;
    const none = fixture.makeClient({ credentials: { accessKeyId, secretAccessKey } });
    expect(await put(none)).toBe('403 InvalidAccessKeyId');
    const owner = { ...fixture.double.credentials, sessionToken: credentials.sessionToken };
    expect(await put(fixture.makeClient({ credentials: owner }))).toBe('400 InvalidToken');
  });

  it('is not opened by a wrong secret', async () => {
    const fixture = await openSts();
    const credentials = { ...fixture.double.credentials, secretAccessKey: 'not the secret' };
    const asked = stsOf(fixture, credentials).send(new AssumeRoleCommand(REQUEST));
    expect(await outcome(asked)).toBe('403 SignatureDoesNotMatch');
  });
});
