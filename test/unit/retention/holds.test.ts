import { describe, expect, it } from 'vitest';

import { isExportError } from '../../../src/errors/index.js';
import type { Hold } from '../../../src/interfaces/index.js';
import { readOptions } from '../../../src/options/index.js';
import {
  holdName,
  holdsDigest,
  presentHolds,
  readHoldsOption,
} from '../../../src/retention/holds.js';
import type { HoldsOption } from '../../../src/retention/settings.js';

function readHolds(holds: unknown): HoldsOption {
  return readOptions('f', { holds }, (reader) => ({ holds: readHoldsOption(reader) })).holds;
}

/** The problems that a value of `holds` has. */
function problemsOf(holds: unknown): unknown {
  try {
    readHolds(holds);
  } catch (error) {
    if (isExportError(error, 'OPTION_INVALID')) return error.details['problems'];
    throw error;
  }
  return [];
}

describe('holds', () => {
  it('are taken in all their kinds, with and without names', () => {
    const holds: readonly Hold[] = [
      { ids: ['a'] },
      { name: 'audit', tags: ['keep', 'legal'] },
      { filter: "metadata.user = 'u1'" },
      { referencedBy: ['experiments', 'datasets'] },
      { name: undefined, referencedBy: ['datasets'] },
    ];
    expect(readHolds(holds)).toEqual(holds);
    expect(readHolds(undefined)).toEqual([]);
    expect(readHolds([])).toEqual([]);
  });

  it('do not change with the object that they were read from', () => {
    const ids = ['a'];
    const given = [{ ids }];
    const read = readHolds(given);
    ids.push('b');
    given.push({ ids: ['c'] });
    expect(read).toEqual([{ ids: ['a'] }]);
    expect(Object.isFrozen(read)).toBe(true);
  });

  it.each([
    ['text', 'abc', '`holds` must be an array of 100 holds at most, not a string'],
    ['an object', { ids: ['a'] }, '`holds` must be an array of 100 holds at most, not an object'],
    [
      '101 of them',
      Array.from({ length: 101 }, () => ({ ids: ['a'] })),
      '`holds` must be an array of 100 holds at most, not 101 of them',
    ],
    ['null in it', [null], '`holds[0]` must be an object, not null'],
    ['a list in it', [{ ids: ['a'] }, ['a']], '`holds[1]` must be an object, not an array'],
    ['text in it', ['a'], '`holds[0]` must be an object, not a string'],
    ['no kind', [{}], '`holds[0]` must have exactly one of ids, tags, filter, referencedBy'],
    [
      'two kinds',
      [{ ids: ['a'], tags: ['b'] }],
      '`holds[0]` must have exactly one of ids, tags, filter, referencedBy',
    ],
    [
      'unknown members',
      [{ ids: ['a'], until: 1, by: 2 }],
      '`holds[0]` has the unknown member until, by',
    ],
    ['an empty name', [{ name: '', ids: ['a'] }], '`holds[0]` has a name that is a string'],
    ['a number as a name', [{ name: 7, ids: ['a'] }], '`holds[0]` has a name that is a number'],
    [
      'no expression',
      [{ filter: ' ' }],
      '`holds[0].filter` must be a BTQL expression, not a string',
    ],
    [
      'a list of them',
      [{ filter: ['a'] }],
      '`holds[0].filter` must be a BTQL expression, not an array',
    ],
    ['no ids', [{ ids: [] }], '`holds[0].ids` must be an array of 1 to 100000 texts'],
    ['one id as text', [{ ids: 'a' }], '`holds[0].ids` must be an array of 1 to 100000 texts'],
    [
      'too many ids',
      [{ ids: Array(100_001).fill('a') }],
      '`holds[0].ids` must be an array of 1 to 100000 texts',
    ],
    ['an empty id', [{ ids: ['a', ''] }], '`holds[0].ids` must hold non-empty texts only'],
    ['a number as an id', [{ ids: [7, 'a'] }], '`holds[0].ids` must hold non-empty texts only'],
    ['an empty tag', [{ tags: [''] }], '`holds[0].tags` must hold non-empty texts only'],
    [
      'another referrer',
      [{ referencedBy: ['experiments', 'prompts'] }],
      "`holds[0].referencedBy` must hold 'experiments' or 'datasets'",
    ],
  ])('are refused: %s', (_case, holds, problem) => {
    expect(problemsOf(holds)).toEqual([problem]);
  });

  it('may be 100, with 100,000 ids', () => {
    expect(problemsOf(Array.from({ length: 100 }, () => ({ ids: ['a'] })))).toEqual([]);
    expect(problemsOf([{ ids: Array(100_000).fill('a') }])).toEqual([]);
  });

  it('name every problem at once', () => {
    expect(problemsOf([{}, { ids: [''] }, { ids: ['a'] }, null])).toHaveLength(3);
  });
});

describe('holds that a function gives', () => {
  it('are asked for with the signal, each time', async () => {
    const options = { signal: new AbortController().signal };
    const given: unknown[] = [];
    const holds = readHolds((told: unknown) => {
      given.push(told);
      return Promise.resolve([{ ids: [`a${given.length}`] }]);
    });
    expect(await presentHolds(holds, options)).toEqual([{ ids: ['a1'] }]);
    expect(await presentHolds(holds, options)).toEqual([{ ids: ['a2'] }]);
    expect(given).toEqual([options, options]);
  });

  it.each([undefined, null, 'all', [{}], [{ ids: [] }]])(
    'are refused when they are %j',
    async (value) => {
      const holds = (() => value) as unknown as HoldsOption;
      await expect(presentHolds(holds, {})).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    },
  );

  it('are not waited for after an abort', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const holds = async (): Promise<never> => {
      stop.abort(reason);
      return await new Promise<never>(() => undefined);
    };
    await expect(presentHolds(holds, { signal: stop.signal })).rejects.toBe(reason);
  });

  it('are as they are when they are a list', async () => {
    const holds: readonly Hold[] = [{ ids: ['a'] }];
    expect(await presentHolds(holds, {})).toEqual(holds);
  });

  it('are not there when it throws', async () => {
    const failure = new Error('the register is closed');
    const holds = (): never => {
      throw failure;
    };
    await expect(presentHolds(holds, {})).rejects.toBe(failure);
  });
});

it('a hold is called by its name, or by its kind and place', () => {
  const holds: readonly Hold[] = [
    { ids: ['a'] },
    { tags: ['a'] },
    { filter: 'a' },
    { referencedBy: ['datasets'] },
    { name: 'audit', ids: ['a'] },
  ];
  expect(holds.map((hold, place) => holdName(hold, place))).toEqual([
    'ids-1',
    'tags-2',
    'filter-3',
    'referencedBy-4',
    'audit',
  ]);
});

it('the digest of holds changes with every hold, name and order, and not with the order of members', () => {
  const lists: (readonly Hold[])[] = [
    [],
    [{ ids: ['a'] }],
    [{ ids: ['b'] }],
    [{ tags: ['a'] }],
    [{ ids: ['a'] }, { tags: ['a'] }],
    [{ tags: ['a'] }, { ids: ['a'] }],
    [{ name: 'n', ids: ['a'] }],
  ];
  expect(new Set(lists.map((holds) => holdsDigest(holds))).size).toBe(lists.length);
  expect(holdsDigest([{ ids: ['a'], name: 'n' }])).toBe(holdsDigest([{ name: 'n', ids: ['a'] }]));
  expect(holdsDigest([{ name: undefined, ids: ['a'] }])).toBe(holdsDigest([{ ids: ['a'] }]));
});
