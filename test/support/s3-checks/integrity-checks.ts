import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { S3Client } from '@aws-sdk/client-s3';

import { anyBytes, head, put, read } from './actions.js';
import {
  accepted,
  NOT_FOUND,
  outcomeOf,
  refused,
  refusedAnswer,
  sameBytes,
} from './expectations.js';
import { crc32Of } from './part-checks.js';
import type { RawAnswer } from './raw-request.js';
import { signedChunks } from './signed-chunks.js';
import type { S3Check, S3World } from './world.js';

const BAD_DIGEST = { status: [400], code: ['BadDigest'] };

/** Bytes that change on the way are refused; bytes in unusual wrappings are unwrapped or refused. */
export const INTEGRITY_CHECKS: readonly S3Check[] = [
  {
    name: 'a write with a wrong Content-MD5 is refused and not kept',
    async run(world) {
      const ContentMD5 = createHash('md5').update('other').digest('base64');
      await refused(put(world, { Key: 'object', Body: 'body', ContentMD5 }), BAD_DIGEST);
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a Content-MD5 that is none answers InvalidDigest',
    async run(world) {
      const write = put(world, { Key: 'object', Body: 'body', ContentMD5: 'no digest' });
      await refused(write, { status: [400], code: ['InvalidDigest'] });
    },
  },
  ...(['CRC32', 'SHA256'] as const).flatMap((algorithm) => headerChecks(algorithm)),
  {
    name: 'a write with the default settings of the SDK comes back intact',
    async run(world) {
      const body = anyBytes(10_000);
      await put({ ...world, client: defaultClient(world) }, { Key: 'object', Body: body });
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a stream with a checksum at its end comes back intact',
    async run(world) {
      const body = anyBytes(300_000);
      await putStream(world, body);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a stream with a checksum at its end comes back intact or is refused',
    async run(world) {
      const body = anyBytes(300_000);
      const outcome = await outcomeOf(putStream(world, body));
      if (outcome === 'success') sameBytes(await read(world, 'object'), body);
      else await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a stream with a wrong checksum at its end is refused and not kept',
    async run(world) {
      const answer = await sendTrailer(world, anyBytes(1_000), {
        checksum: 'AAAAAA==',
        announced: 1_000,
      });
      refusedAnswer(answer, { status: [400, 411, 501] });
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a stream that ends before its announced length is refused and not kept',
    async run(world) {
      const body = anyBytes(1_000);
      const answer = await sendTrailer(world, body, {
        checksum: crc32Of(body),
        announced: 1_001,
      });
      refusedAnswer(answer, { status: [400, 411, 501] });
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a stream whose every chunk is signed comes back intact',
    async run(world) {
      const body = anyBytes(200_000);
      accepted(await sendSignedChunks(world, body, null));
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a stream whose every chunk is signed comes back intact or is refused',
    async run(world) {
      const body = anyBytes(200_000);
      const { status } = await sendSignedChunks(world, body, null);
      if (status === 200) sameBytes(await read(world, 'object'), body);
      else await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a stream with a chunk that was changed after its signature is refused and not kept',
    async run(world) {
      const answer = await sendSignedChunks(world, anyBytes(200_000), 1);
      refusedAnswer(answer, { status: [400, 403, 501] });
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
];

function headerChecks(algorithm: 'CRC32' | 'SHA256'): readonly S3Check[] {
  const right = (body: Uint8Array): string =>
    algorithm === 'CRC32' ? crc32Of(body) : createHash('sha256').update(body).digest('base64');
  const field = `Checksum${algorithm}` as const;
  return [
    {
      name: `a write with the right ${algorithm} comes back intact`,
      async run(world) {
        const body = anyBytes(1_000);
        await put(world, { Key: 'object', Body: body, [field]: right(body) });
        sameBytes(await read(world, 'object'), body);
      },
    },
    {
      name: `a write with a wrong ${algorithm} is refused and not kept`,
      async run(world) {
        const wrong = right(anyBytes(100));
        const write = put(world, { Key: 'object', Body: anyBytes(1_000), [field]: wrong });
        await refused(write, BAD_DIGEST);
        await refused(head(world, 'object'), NOT_FOUND);
      },
    },
  ];
}

/** A client as the SDK makes it when nobody says anything on checksums. */
function defaultClient(world: S3World): S3Client {
  return world.makeClient({
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
  });
}

async function putStream(world: S3World, body: Buffer): Promise<void> {
  const halves = [body.subarray(0, body.length / 2), body.subarray(body.length / 2)];
  const stream = Readable.from(halves, { objectMode: false });
  const settings = { Key: 'object', Body: stream, ContentLength: body.length };
  await put({ ...world, client: defaultClient(world) }, settings);
}

/** One chunk, then its CRC32 as the SDK sends it: behind the bytes, without a signature of its own. */
async function sendTrailer(
  world: S3World,
  content: Buffer,
  trailer: { readonly checksum: string; readonly announced: number },
): Promise<RawAnswer> {
  const size = content.length.toString(16);
  const body = Buffer.concat([
    Buffer.from(`${size}\r\n`),
    content,
    Buffer.from(`\r\n0\r\nx-amz-checksum-crc32:${trailer.checksum}\r\n\r\n`),
  ]);
  return await world.send({
    method: 'PUT',
    path: `/${world.bucket}/object`,
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': `${trailer.announced}`,
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
    body,
  });
}

/** Sends a stream of signed chunks, the `changed` one with another byte than was signed. */
async function sendSignedChunks(
  world: S3World,
  content: Buffer,
  changed: number | null,
): Promise<RawAnswer> {
  const stream = signedChunks(content, changed);
  return await world.send({
    method: 'PUT',
    path: `/${world.bucket}/object`,
    payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    headers: {
      'content-encoding': 'aws-chunked',
      'content-length': `${stream.length}`,
      'x-amz-decoded-content-length': `${content.length}`,
    },
    bodyOf: stream.sign,
  });
}
