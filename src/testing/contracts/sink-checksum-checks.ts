import assert from 'node:assert/strict';

import type { PreparedObject, Sink } from '../../interfaces/index.js';
import { type ChecksumMatch, sameChecksum } from '../../util/object-checksum.js';
import { bytesOf, keyOf, prepare, text, type SinkChecks, type SinkKit } from './sink-kit.js';

const CHECKSUM_MAX_CHARACTERS = 200;
const CHECKSUM = /^[^\s:]*:\S+(?: [^\s:]*:\S+)*$/;

/** What is told of the content without reading it. A sink that tells nothing holds these too. */
export const CHECKSUM_CHECKS: SinkChecks = {
  'a checksum of prepare is told again by head, in any process, or none is': sameEverywhere,
  'an object of equal size and other content has another checksum': otherContent,
};

async function sameEverywhere({ sink, reopen }: SinkKit): Promise<void> {
  for (const [place, size] of [0, 7, 12 * 1024 * 1024].entries()) {
    const prepared = await prepare(sink, keyOf(`${place}`), { content: bytesOf(size) });
    requireForm(prepared.checksum);
    await sink.commit(prepared);
    for (const each of [sink, await reopen()])
      assert.notEqual(await compared(each, prepared, prepared.key), 'different', `${size} bytes`);
  }
}

async function otherContent({ sink }: SinkKit): Promise<void> {
  const mine = await prepare(sink, keyOf('a'), { content: text('mine') });
  const other = await prepare(sink, keyOf('b'), { content: text('them') });
  await sink.commit(other);
  assert.notEqual(await compared(sink, mine, other.key), 'same');
}

/** What the head of a visible object says of a prepared one. */
async function compared(sink: Sink, prepared: PreparedObject, key: string): Promise<ChecksumMatch> {
  const seen = await sink.head(key);
  assert.ok(seen !== null, `"${key}" has no head`);
  requireForm(seen.checksum);
  return sameChecksum(prepared.checksum, seen.checksum);
}

function requireForm(checksum: string | undefined): void {
  if (checksum === undefined) return;
  assert.match(checksum, CHECKSUM);
  assert.ok(checksum.length <= CHECKSUM_MAX_CHARACTERS, 'a checksum is over 200 characters');
}
