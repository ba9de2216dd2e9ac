import assert from 'node:assert/strict';

import {
  abort,
  anyBytes,
  complete,
  completeIf,
  head,
  listKeys,
  PART_MIN_BYTES,
  prepareUpload,
  put,
  read,
  sendPart,
  startUpload,
} from './actions.js';
import {
  NO_SUCH_UPLOAD,
  NOT_FOUND,
  outcomeOf,
  PRECONDITION_FAILED,
  refused,
  sameBytes,
} from './expectations.js';
import type { S3Check } from './world.js';

const INVALID_PART = { status: [400], code: ['InvalidPart'] };

/** When an upload becomes an object, and when it does not. */
export const COMPLETION_CHECKS: readonly S3Check[] = [
  {
    name: 'an object is not visible before the completion of its upload, and whole after it',
    async run(world) {
      const body = anyBytes(1_000);
      const { upload, parts } = await prepareUpload(world, 'day/object', body);
      await refused(head(world, 'day/object'), NOT_FOUND);
      await refused(read(world, 'day/object'), NOT_FOUND);
      assert.deepEqual(await listKeys(world), []);
      await complete(world, upload, parts);
      assert.deepEqual(await listKeys(world), ['day/object']);
      sameBytes(await read(world, 'day/object'), body);
      assert.equal((await head(world, 'day/object')).ContentLength, body.length);
    },
  },
  {
    name: 'an object under the key stays as it is until the completion',
    async run(world) {
      await put(world, { Key: 'object', Body: 'old' });
      const { upload, parts } = await prepareUpload(world, 'object', Buffer.from('new'));
      assert.equal((await read(world, 'object')).toString(), 'old');
      await complete(world, upload, parts);
      assert.equal((await read(world, 'object')).toString(), 'new');
    },
  },
  {
    name: 'another client completes an upload from its id and ETags alone',
    async run(world) {
      const body = anyBytes(2_000);
      const prepared = JSON.stringify(await prepareUpload(world, 'object', body));
      const { upload, parts } = JSON.parse(prepared) as Awaited<ReturnType<typeof prepareUpload>>;
      await complete({ ...world, client: world.makeClient({}) }, upload, parts);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a second completion answers success or NoSuchUpload, and leaves the object whole',
    async run(world) {
      const body = anyBytes(1_000);
      const { upload, parts } = await prepareUpload(world, 'object', body);
      await complete(world, upload, parts);
      const second = await outcomeOf(complete(world, upload, parts));
      assert.match(second, /^(success|404 NoSuchUpload)$/, `answered ${second}`);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a completion after an abort fails, and shows nothing',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(100));
      await abort(world, upload);
      await assert.rejects(complete(world, upload, parts));
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a completion after an abort answers NoSuchUpload',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(100));
      await abort(world, upload);
      await refused(complete(world, upload, parts), NO_SUCH_UPLOAD);
    },
  },
  {
    name: 'an abort after the completion leaves the object whole',
    async run(world) {
      const body = anyBytes(100);
      const { upload, parts } = await prepareUpload(world, 'object', body);
      await complete(world, upload, parts);
      await outcomeOf(abort(world, upload));
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'an abort after the completion answers success or NoSuchUpload',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(100));
      await complete(world, upload, parts);
      const outcome = await outcomeOf(abort(world, upload));
      assert.match(outcome, /^(success|404 NoSuchUpload)$/, `answered ${outcome}`);
    },
  },
  {
    name: 'a completion that names a wrong ETag answers InvalidPart and shows nothing',
    async run(world) {
      const { upload } = await prepareUpload(world, 'object', anyBytes(100));
      const wrong = [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }];
      await refused(complete(world, upload, wrong), INVALID_PART);
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a completion that names a part never sent answers InvalidPart',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(PART_MIN_BYTES));
      const missing = { PartNumber: 2, ETag: parts[0]?.ETag };
      await refused(complete(world, upload, [...parts, missing]), INVALID_PART);
    },
  },
  {
    name: 'a completion that names the ETag of a part sent again since answers InvalidPart',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(100));
      await sendPart(world, upload, { PartNumber: 1, Body: anyBytes(100) });
      await refused(complete(world, upload, parts), INVALID_PART);
    },
  },
  {
    name: 'an upload whose completion was refused can be completed after all',
    async run(world) {
      const body = anyBytes(100);
      const { upload, parts } = await prepareUpload(world, 'object', body);
      const wrong = [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }];
      await assert.rejects(complete(world, upload, wrong));
      await complete(world, upload, parts);
      sameBytes(await read(world, 'object'), body);
    },
  },
  {
    name: 'a completion with parts out of order answers InvalidPartOrder',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const body = anyBytes(PART_MIN_BYTES);
      const first = await sendPart(world, upload, { PartNumber: 1, Body: body });
      const second = await sendPart(world, upload, { PartNumber: 2, Body: body });
      const order = { status: [400], code: ['InvalidPartOrder'] };
      await refused(complete(world, upload, [second, first]), order);
    },
  },
  {
    name: 'a part below 5 MiB that is not the last answers EntityTooSmall',
    async run(world) {
      const upload = await startUpload(world, 'object');
      const body = anyBytes(1_000);
      const first = await sendPart(world, upload, { PartNumber: 1, Body: body });
      const second = await sendPart(world, upload, { PartNumber: 2, Body: body });
      const small = { status: [400], code: ['EntityTooSmall'] };
      await refused(complete(world, upload, [first, second]), small);
    },
  },
  {
    name: 'one empty part makes an empty object',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', Buffer.alloc(0));
      await complete(world, upload, parts);
      assert.equal((await head(world, 'object')).ContentLength, 0);
      assert.equal((await read(world, 'object')).length, 0);
    },
  },
  {
    name: 'a completion without any part is refused',
    async run(world) {
      const upload = await startUpload(world, 'object');
      await refused(complete(world, upload, []), { status: [400] });
    },
  },
  {
    name: 'two uploads of one key do not mix, and the last completion wins',
    async run(world) {
      const first = await prepareUpload(world, 'object', Buffer.from('first'));
      const second = await prepareUpload(world, 'object', Buffer.from('second'));
      assert.notEqual(first.upload.UploadId, second.upload.UploadId);
      await complete(world, second.upload, second.parts);
      await complete(world, first.upload, first.parts);
      assert.equal((await read(world, 'object')).toString(), 'first');
    },
  },
  {
    name: 'a completion gives the ETag that the object then has',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', anyBytes(100));
      const { ETag } = await complete(world, upload, parts);
      const object = await head(world, 'object');
      assert.equal(ETag, object.ETag, `answered the ETag '${ETag}'`);
    },
  },
  {
    name: 'a create-only completion of a key that exists answers 412 and leaves the object',
    async run(world) {
      await put(world, { Key: 'object', Body: 'old' });
      const { upload, parts } = await prepareUpload(world, 'object', Buffer.from('new'));
      const settings = { ...upload, MultipartUpload: { Parts: [...parts] }, IfNoneMatch: '*' };
      await refused(completeIf(world, settings), PRECONDITION_FAILED);
      assert.equal((await read(world, 'object')).toString(), 'old');
    },
  },
  {
    name: 'a create-only completion of a new key makes the object',
    async run(world) {
      const { upload, parts } = await prepareUpload(world, 'object', Buffer.from('new'));
      const settings = { ...upload, MultipartUpload: { Parts: [...parts] }, IfNoneMatch: '*' };
      await completeIf(world, settings);
      assert.equal((await read(world, 'object')).toString(), 'new');
    },
  },
];
