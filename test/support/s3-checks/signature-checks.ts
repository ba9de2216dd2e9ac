import assert from 'node:assert/strict';

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

import { anyBytes, head, put, read } from './actions.js';
import {
  accepted,
  FORBIDDEN,
  NOT_FOUND,
  refused,
  refusedAnswer,
  sameBytes,
} from './expectations.js';
import type { S3Check, S3World } from './world.js';

/** Longest time between a server's clock and a signature, and some more, in milliseconds. */
const TOO_OLD_MS = 20 * 60 * 1_000;

/** Who may ask, and how they prove it. */
export const SIGNATURE_CHECKS: readonly S3Check[] = [
  {
    name: 'a request without signature is refused, to read as to write',
    async run(world) {
      await put(world, { Key: 'object', Body: 'secret' });
      const path = `/${world.bucket}/object`;
      for (const method of ['GET', 'PUT', 'DELETE']) {
        refusedAnswer(await world.send({ method, path, signed: false }), FORBIDDEN);
      }
      assert.equal((await read(world, 'object')).toString(), 'secret');
    },
  },
  {
    name: 'a signature with the wrong secret is refused',
    async run(world) {
      const { accessKeyId } = world.credentials;
      await refused(putAs(world, { accessKeyId, secretAccessKey: 'wrong' }), FORBIDDEN);
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a signature with the wrong secret answers SignatureDoesNotMatch',
    async run(world) {
      const { accessKeyId } = world.credentials;
      const code = ['SignatureDoesNotMatch'];
      const write = putAs(world, { accessKeyId, secretAccessKey: 'wrong' });
      await refused(write, { ...FORBIDDEN, code });
    },
  },
  {
    name: 'a key that nobody has is refused',
    async run(world) {
      const stranger = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' };
      await refused(putAs(world, stranger), FORBIDDEN);
    },
  },
  {
    name: 'a key that nobody has answers InvalidAccessKeyId',
    async run(world) {
      const stranger = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' };
      await refused(putAs(world, stranger), { ...FORBIDDEN, code: ['InvalidAccessKeyId'] });
    },
  },
  {
    name: 'a session token that nobody issued is refused',
    async run(world) {
      const forged = { ...world.credentials, sessionToken: 'nobody issued this' };
      await refused(putAs(world, forged), { status: [400, 403] });
    },
  },
  {
    name: 'a signature of long ago is refused',
    async run(world) {
      const date = new Date(Date.now() - TOO_OLD_MS);
      const request = { method: 'GET', path: `/${world.bucket}`, date };
      refusedAnswer(await world.send(request), { ...FORBIDDEN, code: ['RequestTimeTooSkewed'] });
    },
  },
  {
    name: 'a signature for another region is refused',
    async run(world) {
      const request = { method: 'GET', path: `/${world.bucket}`, region: 'eu-other-9' };
      const malformed = { status: [400], code: ['AuthorizationHeaderMalformed'] };
      refusedAnswer(await world.send(request), malformed);
    },
  },
  {
    name: 'a body that is not the signed one is refused and not kept',
    async run(world) {
      const path = `/${world.bucket}/object`;
      const payload = '0'.repeat(64);
      const answer = await world.send({ method: 'PUT', path, payload, body: anyBytes(100) });
      refusedAnswer(answer, { status: [400, 403] });
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a body that is not the signed one answers XAmzContentSHA256Mismatch',
    async run(world) {
      const path = `/${world.bucket}/object`;
      const payload = '0'.repeat(64);
      const answer = await world.send({ method: 'PUT', path, payload, body: anyBytes(100) });
      refusedAnswer(answer, { status: [400], code: ['XAmzContentSHA256Mismatch'] });
    },
  },
  {
    name: 'a body that the signature leaves out is kept as it came',
    async run(world) {
      const body = anyBytes(1_000);
      const path = `/${world.bucket}/object`;
      accepted(await world.send({ method: 'PUT', path, payload: 'UNSIGNED-PAYLOAD', body }));
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a bucket may be named by the host',
    async run(world) {
      const host = `${world.bucket}.localhost:${new URL(world.endpoint).port}`;
      const request = { path: '/day/object', headers: { host } };
      const body = Buffer.from('body');
      accepted(await world.send({ ...request, method: 'PUT', body }));
      assert.equal((await read(world, 'day/object')).toString(), 'body');
      const answer = await world.send({ ...request, method: 'GET' });
      accepted(answer);
      assert.equal(answer.body.toString(), 'body');
    },
  },
  ...presignedChecks(),
];

function presignedChecks(): readonly S3Check[] {
  return [
    {
      name: 'a signed URL reads an object without any header',
      async run(world) {
        await put(world, { Key: 'day/object 1', Body: 'body' });
        const answer = await fetch(await readUrl(world, 'day/object 1', new Date()), limited());
        assert.deepEqual([answer.status, await answer.text()], [200, 'body']);
      },
    },
    {
      name: 'a signed URL writes an object without any header',
      async run(world) {
        const command = new PutObjectCommand({ Bucket: world.bucket, Key: 'object' });
        const url = await getSignedUrl(world.client, command, { expiresIn: 60 });
        const answer = await fetch(url, { ...limited(), method: 'PUT', body: 'body' });
        assert.equal(answer.status, 200);
        assert.equal((await read(world, 'object')).toString(), 'body');
      },
    },
    {
      name: 'a signed URL is refused once its time is over',
      async run(world) {
        await put(world, { Key: 'object', Body: 'body' });
        const url = await readUrl(world, 'object', new Date(Date.now() - 61_000));
        const answer = await fetch(url, limited());
        assert.equal(answer.status, 403);
        assert.doesNotMatch(await answer.text(), /^body$/);
      },
    },
    {
      name: 'a signed URL is refused for another object than the signed one',
      async run(world) {
        await put(world, { Key: 'object-b', Body: 'body' });
        const url = await readUrl(world, 'object-a', new Date());
        const answer = await fetch(url.replace('object-a', 'object-b'), limited());
        assert.equal(answer.status, 403);
      },
    },
  ];
}

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

async function putAs(world: S3World, credentials: Identity): Promise<unknown> {
  const client = world.makeClient({ credentials: { ...credentials } });
  return await put({ ...world, client }, { Key: 'object', Body: 'body' });
}

/** A URL that reads for a minute from `signingDate` on. */
async function readUrl(world: S3World, Key: string, signingDate: Date): Promise<string> {
  const command = new GetObjectCommand({ Bucket: world.bucket, Key });
  return await getSignedUrl(world.client, command, { expiresIn: 60, signingDate });
}

function limited(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(20_000) };
}
