import assert from 'node:assert/strict';

import { put, read, remove, type PutSettings } from './actions.js';
import { failureText, PRECONDITION_FAILED, refused } from './expectations.js';
import type { S3Check, S3World } from './world.js';

/** Races of one check, each for a key of its own: in a single one the racers may come one after the other. */
const RACE_KEYS = Array.from({ length: 10 }, (_, race) => `race-${race}`);

/** What the writers who compete for one key write. */
const BODIES = Array.from({ length: 10 }, (_, racer) => `body of ${racer}`);

/** Writes that happen only if nobody wrote before. */
export const CONDITION_CHECKS: readonly S3Check[] = [
  {
    name: 'a second create-only write answers 412 and leaves the first',
    async run(world) {
      await put(world, { Key: 'object', Body: 'first', IfNoneMatch: '*' });
      const second = put(world, { Key: 'object', Body: 'second', IfNoneMatch: '*' });
      await refused(second, PRECONDITION_FAILED);
      assert.equal((await read(world, 'object')).toString(), 'first');
    },
  },
  {
    name: 'a create-only write over an object written without conditions answers 412',
    async run(world) {
      await put(world, { Key: 'object', Body: 'first' });
      const second = put(world, { Key: 'object', Body: 'second', IfNoneMatch: '*' });
      await refused(second, PRECONDITION_FAILED);
    },
  },
  {
    name: 'a create-only write after the object was removed makes it again',
    async run(world) {
      await put(world, { Key: 'object', Body: 'first' });
      await remove(world, 'object');
      await put(world, { Key: 'object', Body: 'second', IfNoneMatch: '*' });
      assert.equal((await read(world, 'object')).toString(), 'second');
    },
  },
  {
    name: 'a write that names the current ETag as S3 gave it replaces the object',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'object', Body: 'first' });
      await put(world, { Key: 'object', Body: 'second', IfMatch: ETag });
      assert.equal((await read(world, 'object')).toString(), 'second');
    },
  },
  {
    name: 'a write that names the current ETag without its quotes replaces the object',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'object', Body: 'first' });
      await put(world, { Key: 'object', Body: 'second', IfMatch: ETag.replaceAll('"', '') });
      assert.equal((await read(world, 'object')).toString(), 'second');
    },
  },
  {
    name: 'a write that names an ETag replaced since answers 412 and changes nothing',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'object', Body: 'first' });
      await put(world, { Key: 'object', Body: 'second' });
      for (const IfMatch of [ETag, ETag.replaceAll('"', '')]) {
        const third = put(world, { Key: 'object', Body: 'third', IfMatch });
        await refused(third, PRECONDITION_FAILED);
      }
      assert.equal((await read(world, 'object')).toString(), 'second');
    },
  },
  {
    name: 'a write that names an ETag for a key without object answers 404 or 412, and makes none',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'another', Body: 'first' });
      for (const IfMatch of [ETag, ETag.replaceAll('"', '')]) {
        const write = put(world, { Key: 'object', Body: 'second', IfMatch });
        const codes = ['NoSuchKey', 'PreconditionFailed'];
        await refused(write, { status: [404, 412], code: codes });
      }
      await assert.rejects(read(world, 'object'));
    },
  },
  ...raceChecks('ten create-only writes at once', async () => ({ IfNoneMatch: '*' })),
  ...raceChecks('ten writes at once that name the current ETag', async (world, key) => ({
    IfMatch: await firstETag(world, key),
  })),
  ...raceChecks(
    'ten writes at once that name the current ETag without quotes',
    async (world, key) => ({
      IfMatch: (await firstETag(world, key)).replaceAll('"', ''),
    }),
  ),
  {
    name: 'different bytes have different ETags, also when they are equally long',
    async run(world) {
      const etags = new Set<string | undefined>();
      for (let number = 100; number < 120; number += 1) {
        etags.add((await put(world, { Key: 'object', Body: `body ${number}` })).ETag);
      }
      assert.equal(etags.size, 20);
    },
  },
  {
    name: 'a read that names the current ETag gives the object, and one replaced since answers 412',
    async run(world) {
      const first = await put(world, { Key: 'object', Body: 'first' });
      const second = await put(world, { Key: 'object', Body: 'second' });
      const current = await read(world, 'object', { IfMatch: second.ETag });
      assert.equal(current.toString(), 'second');
      await refused(read(world, 'object', { IfMatch: first.ETag }), { status: [412] });
    },
  },
  {
    name: 'a read of an object that has not changed answers 304',
    async run(world) {
      const { ETag } = await put(world, { Key: 'object', Body: 'first' });
      await refused(read(world, 'object', { IfNoneMatch: ETag }), { status: [304] });
    },
  },
  {
    name: 'a removal that names an ETag replaced since answers 412 and leaves the object',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'object', Body: 'first' });
      await put(world, { Key: 'object', Body: 'second' });
      await refused(remove(world, 'object', ETag), PRECONDITION_FAILED);
      assert.equal((await read(world, 'object')).toString(), 'second');
    },
  },
  {
    name: 'a removal that names the current ETag removes the object',
    async run(world) {
      const { ETag = '' } = await put(world, { Key: 'object', Body: 'first' });
      await remove(world, 'object', ETag);
      await refused(read(world, 'object'), { status: [404] });
    },
  },
];

type Outcome = PromiseSettledResult<unknown>;

type Condition = Pick<PutSettings, 'IfMatch' | 'IfNoneMatch'>;

/** `prepare` readies a key and gives the condition that all racers for it write under. */
function raceChecks(
  racers: string,
  prepare: (world: S3World, Key: string) => Promise<Condition>,
): readonly S3Check[] {
  const race = async (world: S3World, Key: string): Promise<readonly Outcome[]> => {
    const condition = await prepare(world, Key);
    const writes = BODIES.map(async (Body) => await put(world, { Key, Body, ...condition }));
    return await Promise.allSettled(writes);
  };
  return [
    {
      name: `of ${racers} exactly one wins, and its bytes stay`,
      async run(world) {
        for (const key of RACE_KEYS) {
          const outcomes = await race(world, key);
          const winners = BODIES.filter((_, racer) => outcomes[racer]?.status === 'fulfilled');
          assert.equal(winners.length, 1, `${winners.length} writers won in place of one`);
          assert.equal((await read(world, key)).toString(), winners[0]);
        }
      },
    },
    {
      name: `of ${racers} each loser is told by 409 or 412`,
      async run(world) {
        const told = new Set(['412 PreconditionFailed', '409 ConditionalRequestConflict']);
        for (const key of RACE_KEYS) {
          const losses = (await race(world, key)).flatMap((outcome) =>
            outcome.status === 'rejected' ? [failureText(outcome.reason)] : [],
          );
          const others = losses.filter((loss) => !told.has(loss));
          assert.equal(others.length, 0, `answered ${others[0]} in place of 409 or 412`);
        }
      },
    },
  ];
}

async function firstETag(world: S3World, Key: string): Promise<string> {
  return (await put(world, { Key, Body: 'first' })).ETag ?? '';
}
