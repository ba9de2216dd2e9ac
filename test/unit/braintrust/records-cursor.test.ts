import { describe, expect, it } from 'vitest';

import { braintrustClient } from '../../../src/braintrust/client/client.js';
import * as cursors from '../../../src/braintrust/records/records-cursor.js';
import { SPANS_CURSOR, spansSource } from '../../../src/braintrust/spans/spans.js';
import type { SpansSourceOptions } from '../../../src/braintrust/spans/spans-options.js';
import type { RecordsState } from '../../../src/braintrust/records/records-state.js';
import { EMPTY_STATE, withOthersSetAside } from '../../../src/braintrust/records/records-state.js';
import { xactIdAt } from '../../../src/braintrust/query/xact.js';

/** Nothing is asked here. */
const client = braintrustClient({ apiKey: 'key', apiUrl: 'https://plane.test' });

const encodeCursor = (state: RecordsState): string => cursors.encodeCursor(SPANS_CURSOR, state);
const decodeCursor = (cursor: string): RecordsState => cursors.decodeCursor(SPANS_CURSOR, cursor);

const STATE: RecordsState = {
  ...EMPTY_STATE,
  objects: new Map([
    ['a', { start: 0, end: 1000 }],
    ['b', { start: 0, end: 1000 }],
    ['c', { start: 500, end: 500 }],
  ]),
  windows: [
    {
      objectIds: ['a', 'b'],
      from: 400,
      until: 2000,
      after: { xactId: xactIdAt(600), row: { objectId: 'a', id: 'row "1"' } },
    },
    { objectIds: ['c'], from: 500, until: 2000, after: { xactId: xactIdAt(700), row: null } },
  ],
};

const sourceOf = (...projectIds: readonly string[]): ReturnType<typeof spansSource> =>
  spansSource({ client, projectIds });

describe('a cursor of spans', () => {
  it('comes back as it was', () => {
    expect(decodeCursor(encodeCursor(STATE))).toEqual(STATE);
  });

  it('keeps the text that checkpoints of earlier versions hold', () => {
    const text =
      '{"spans":1,"projects":[[0,1000,"a","b"],[500,500,"c"]],"windows":[' +
      `[400,2000,["a","b"],["${xactIdAt(600)}","a","row \\"1\\""]],` +
      `[500,2000,["c"],["${xactIdAt(700)}"]]]}`;
    expect(encodeCursor(STATE)).toBe(text);
    expect(decodeCursor(text)).toEqual(STATE);
  });

  it('stays small for 500 projects', () => {
    const ids = Array.from({ length: 500 }, (_, index) => `${index}`.padStart(36, '0'));
    const objects = new Map(ids.map((id, index) => [id, { start: index, end: index }]));
    expect(encodeCursor({ ...EMPTY_STATE, objects }).length).toBeLessThan(40_000);
  });

  it('tells what may be repeated: from the place of a window, or a lookback before its end', () => {
    const cursor = encodeCursor(STATE);
    expect(sourceOf('a').repeatsFrom?.(cursor)).toBe(xactIdAt(600));
    expect(sourceOf('c').repeatsFrom?.(cursor)).toBe(xactIdAt(1400));
    expect(sourceOf('new').repeatsFrom?.(cursor)).toBeNull();
  });

  it('tells the watermark: the lowest of its projects, none while one was never read', () => {
    const cursor = encodeCursor(STATE);
    expect(sourceOf('a', 'c').watermarkOf?.(cursor)).toEqual(new Date(700_000));
    expect(sourceOf('a').watermarkOf?.(cursor)).toEqual(new Date(1_000_000));
    expect(sourceOf('a', 'new').watermarkOf?.(cursor)).toBeNull();
  });

  it('sets a project aside without what it would repeat', () => {
    const aside = withOthersSetAside(STATE, new Set(['b']));
    expect(aside.objects.get('a')).toMatchObject({ start: 1000, end: 1000 });
    expect(aside.windows).toContainEqual({
      objectIds: ['a'],
      from: 1000,
      until: 2000,
      after: null,
    });
    expect(aside.windows).toContainEqual({ ...STATE.windows[0], objectIds: ['b'] });
    expect(withOthersSetAside(aside, new Set(['b']))).toEqual(aside);
  });
});

describe('spansSource', () => {
  it('names every wrong option at once', () => {
    const options = {
      client: {},
      projectIds: ['a', 'a'],
      filter: "x = 'open",
      columns: [],
      from: new Date(5),
      until: new Date(5),
      settleMs: -1,
      sourceRetentionDays: 0,
      onProjectError: 'ignore',
      project: 'a',
    };
    const create = (): unknown => spansSource(options as unknown as SpansSourceOptions);
    for (const name of ['client', ...Object.keys(options).slice(1)])
      expect(create).toThrow(new RegExp(`\`${name}\``));
  });

  it.each([{}, { projectId: 'a', projectIds: ['b'] }, { projectIds: [] }])(
    'refuses %j',
    (options) => {
      expect(() => spansSource({ client, ...options })).toThrow(/projectId/);
    },
  );

  it('has an identity of what is read, whichever the projects', () => {
    const options = { filter: "a = '1'", columns: ['output', 'id'], from: new Date(1500) };
    const left = spansSource({ client, projectId: 'a', ...options });
    const right = spansSource({ client, projectIds: ['b', 'c'], settleMs: 5, ...options });
    expect(left.identity).toEqual(right.identity);
    expect(left.identity).toMatchObject({ apiUrl: 'https://plane.test', from: 1 });
  });

  it('begins at `from` also when rewound to before it', () => {
    const source = spansSource({ client, projectId: 'a', from: new Date(9_000) });
    expect(source.cursorAt?.(new Date(1))).toBe(source.cursorAt?.(new Date(9_500)));
  });
});
