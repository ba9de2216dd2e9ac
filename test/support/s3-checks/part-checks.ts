import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { ListPartsCommand, type Part } from '@aws-sdk/client-s3';

import {
  abort,
  anyBytes,
  complete,
  completeIf,
  listParts,
  PART_MIN_BYTES,
  prepareUpload,
  read,
  sendPart,
  startUpload,
} from './actions.js';
import { NO_SUCH_UPLOAD, outcomeOf, refused, sameBytes } from './expectations.js';
import type { S3Check, S3World } from './world.js';

/** The parts of an upload before they are an object. */
export const PART_CHECKS: readonly S3Check[] = [
  {
    name: 'a part sent again replaces the one before',
    async run(world) {
      const { upload } = await prepareUpload(world, 'object', anyBytes(500));
      const body = anyBytes(700);
      const part = await sendPart(world, upload, { PartNumber: 1, Body: body });
      const listed = await listParts(world, upload);
      assert.deepEqual(listed.map(pick), [{ PartNumber: 1, Size: 700, ETag: part.ETag }]);
      await complete(world, upload, [part]);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'parts make the object in the order of their numbers, not of their arrival',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const [first, last] = [anyBytes(PART_MIN_BYTES), anyBytes(1_000)];
      const second = await sendPart(world, upload, { PartNumber: 7, Body: last });
      const part = await sendPart(world, upload, { PartNumber: 2, Body: first });
      await complete(world, upload, [part, second]);
      sameBytes(await read(world, 'object'), Buffer.concat([first, last]));
    },
  },
  {
    name: 'a part of 16 MiB comes back intact',
    async run(world) {
      const body = anyBytes(16 * 1024 * 1024);
      const { upload, parts } = await prepareUpload(world, 'object', body);
      await complete(world, upload, parts);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'ListParts gives number, size and ETag of each part in the order of numbers',
    async run(world) {
      const upload = await startUpload(world, 'object');
      for (const PartNumber of [3, 1, 10]) {
        await sendPart(world, upload, { PartNumber, Body: Buffer.alloc(PartNumber, PartNumber) });
      }
      const expected = [1, 3, 10].map((PartNumber) => ({
        PartNumber,
        Size: PartNumber,
        ETag: `"${md5(Buffer.alloc(PartNumber, PartNumber), 'hex')}"`,
      }));
      assert.deepEqual((await listParts(world, upload)).map(pick), expected);
    },
  },
  {
    name: 'ListParts of an upload without parts is empty',
    async run(world) {
      assert.deepEqual(await listParts(world, await startUpload(world, 'object')), []);
    },
  },
  {
    name: 'ListParts gives every part once over pages',
    async run(world) {
      const upload = await startUpload(world, 'object');
      for (let PartNumber = 1; PartNumber <= 5; PartNumber += 1) {
        await sendPart(world, upload, { PartNumber, Body: anyBytes(10) });
      }
      assert.deepEqual(await pagedPartNumbers(world, upload), [[1, 2], [3, 4], [5]]);
    },
  },
  {
    name: 'ListParts after the completion answers 404',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(10));
      await complete(world, upload, parts);
      await refused(listParts(world, upload), { status: [404] });
    },
  },
  {
    name: 'after an abort, ListParts and a further part answer 404',
    async run(world) {
      const { upload } = await prepareUpload(world, 'object', anyBytes(10));
      await abort(world, upload);
      await refused(listParts(world, upload), { status: [404] });
      const part = { PartNumber: 2, Body: anyBytes(10) };
      await refused(sendPart(world, upload, part), { status: [404] });
    },
  },
  {
    name: 'ListParts names an upload that is no longer there NoSuchUpload',
    async run(world) {
      const { upload } = await prepareUpload(world, 'object', anyBytes(10));
      await abort(world, upload);
      await refused(listParts(world, upload), NO_SUCH_UPLOAD);
    },
  },
  {
    name: 'a part for an upload that never was answers NoSuchUpload',
    async run(world) {
      const upload = { ...(await startUpload(world, 'object')), Key: 'another-object' };
      const part = { PartNumber: 1, Body: anyBytes(10) };
      await refused(sendPart(world, upload, part), NO_SUCH_UPLOAD);
    },
  },
  {
    name: 'a second abort answers success or NoSuchUpload',
    async run(world) {
      const upload = await startUpload(world, 'object');
      await abort(world, upload);
      const second = await outcomeOf(abort(world, upload));
      assert.match(second, /^(success|404 NoSuchUpload)$/, `answered ${second}`);
    },
  },
  {
    name: 'an upload may have a part with the number 10,000',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const last = await sendPart(world, upload, { PartNumber: 10_000, Body: 'last' });
      await complete(world, upload, [last]);
      assert.equal((await read(world, 'object')).toString(), 'last');
    },
  },
  {
    name: 'a part with a number above 10,000 is refused',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const part = { PartNumber: 10_001, Body: 'over' };
      await refused(sendPart(world, upload, part), { status: [400], code: ['InvalidArgument'] });
    },
  },
  {
    name: 'a part with a wrong Content-MD5 is refused and not kept',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const part = { PartNumber: 1, Body: anyBytes(10), ContentMD5: md5(anyBytes(10), 'base64') };
      await refused(sendPart(world, upload, part), { status: [400], code: ['BadDigest'] });
      assert.deepEqual(await listParts(world, upload), []);
    },
  },
  {
    name: 'a part with the right Content-MD5 is kept',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const Body = anyBytes(10);
      await sendPart(world, upload, { PartNumber: 1, Body, ContentMD5: md5(Body, 'base64') });
      assert.equal((await listParts(world, upload)).length, 1);
    },
  },
  {
    name: 'a part with a wrong CRC32 is refused and not kept',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const part = { PartNumber: 1, Body: anyBytes(10), ChecksumCRC32: 'AAAAAA==' };
      const wrong = { status: [400], code: ['BadDigest', 'InvalidRequest'] };
      await refused(sendPart(world, upload, part), wrong);
      assert.deepEqual(await listParts(world, upload), []);
    },
  },
  {
    name: 'a part with the right CRC32 is kept, whether or not the server knows the checksum',
    async run(world) {
      const upload = await startUpload(world, 'object', { ChecksumAlgorithm: 'CRC32' });
      const Body = anyBytes(10);
      const part = { PartNumber: 1, Body, ChecksumCRC32: crc32Of(Body) };
      await complete(world, upload, [await sendPart(world, upload, part)]);
      sameBytes(await read(world, 'object'), Body);
    },
  },
  {
    name: 'ListParts gives the CRC32 that each part came with',
    async run(world) {
      const upload = await startUpload(world, 'object', { ChecksumAlgorithm: 'CRC32' });
      const Body = anyBytes(10);
      const checksum = crc32Of(Body);
      await sendPart(world, upload, { PartNumber: 1, Body, ChecksumCRC32: checksum });
      const [listed] = await listParts(world, upload);
      assert.equal(listed?.ChecksumCRC32, checksum, `listed the CRC32 ${listed?.ChecksumCRC32}`);
    },
  },
  {
    name: 'a completion that names another CRC32 for a part answers InvalidPart',
    async run(world) {
      const upload = await startUpload(world, 'object', { ChecksumAlgorithm: 'CRC32' });
      const Body = anyBytes(10);
      const settings = { PartNumber: 1, Body, ChecksumCRC32: crc32Of(Body) };
      const part = { ...(await sendPart(world, upload, settings)), ChecksumCRC32: 'AAAAAA==' };
      const completion = completeIf(world, { ...upload, MultipartUpload: { Parts: [part] } });
      await refused(completion, { status: [400], code: ['InvalidPart', 'BadDigest'] });
    },
  },
];

/** CRC32 as S3 writes it: four bytes, highest first, in base64. */
export function crc32Of(bytes: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum.toString('base64');
}

function md5(bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('md5').update(bytes).digest(encoding);
}

function pick({ PartNumber, Size, ETag }: Part): Part {
  return { PartNumber, Size, ETag };
}

async function pagedPartNumbers(
  world: S3World,
  upload: { readonly Key: string; readonly UploadId: string },
): Promise<readonly (readonly (number | undefined)[])[]> {
  const pages: (readonly (number | undefined)[])[] = [];
  let marker: string | undefined;
  do {
    const from = marker === undefined ? {} : { PartNumberMarker: marker };
    const page = await world.client.send(
      new ListPartsCommand({ Bucket: world.bucket, ...upload, MaxParts: 2, ...from }),
    );
    pages.push((page.Parts ?? []).map(({ PartNumber }) => PartNumber));
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined && pages.length < 10);
  return pages;
}
