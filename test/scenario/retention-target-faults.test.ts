import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { xactIdAt } from '../../src/braintrust/query/xact.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type {
  DeletionBatch,
  RetentionUnit,
  TargetReader,
  TargetUnit,
} from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import type { PlaneFault } from '../../src/testing/plane/faults.js';
import { quickClient } from '../support/braintrust.js';
import {
  batchOf,
  outline,
  readUnitPages,
  readUnits,
  rewriteRows,
  rowsOfUnits,
  startRetentionWorld,
} from '../support/retention.js';
import type { RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;
let path: string;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  path = `/v1/project_logs/${projectId}/insert`;
  for (const root of ['t1', 't2', 't3'])
    world.plane.insert('project_logs', projectId, [
      { id: root, span_id: root },
      { id: `${root}-a`, span_id: `${root}-a`, root_span_id: root, span_parents: [root] },
    ]);
  world.passDays(40);
});

afterEach(() => world.plane.close());

const ROWS = ['t1-a', 't1', 't2-a', 't2', 't3-a', 't3'];

async function open(unit: RetentionUnit): Promise<TargetReader> {
  return await projectLogs({ client: world.client, projectId }).open(world.scope(unit), {});
}

const PASSING: readonly (readonly [string, PlaneFault])[] = [
  ['an answer that is lost', { kind: 'lost-answer' }],
  ['an answer that is cut', { kind: 'cut', declared: 'full' }],
  ['a text that is cut', { kind: 'cut', declared: 'half' }],
  ['a connection that breaks', { kind: 'reset' }],
  ['a rate limit', { kind: 'status', status: 429, retryAfterSeconds: 3 }],
  ['a server error', { kind: 'status', status: 503 }],
  ['a query out of time', { kind: 'status', status: 504 }],
  ["a proxy's refusal", { kind: 'html-403' }],
];

/** As if fewer rows had been named. */
const FEWER = { kind: 'rewrite', rewrite: () => Buffer.from('{"row_ids":["t1"]}') } as const;

const WRONG: readonly (readonly [string, PlaneFault])[] = [
  ['what is no result', { kind: 'wrong-shape' }],
  ['a row without id', rewriteRows(([row]) => delete row?.['id'])],
  ['a row without version', rewriteRows(([row]) => delete row?.['_xact_id'])],
  [
    'a row of another project',
    rewriteRows(([row]) => Object.assign(row ?? {}, { project_id: 'p' })),
  ],
  [
    'a creation time that is no text',
    rewriteRows(([row]) => Object.assign(row ?? {}, { created: 3 })),
  ],
  ['tags that are no list', rewriteRows(([row]) => Object.assign(row ?? {}, { tags: 'keep' }))],
  ['a root that is no text', rewriteRows(([row]) => Object.assign(row ?? {}, { root_span_id: 3 }))],
  ['rows in no order', rewriteRows((data) => data.reverse())],
  ['a row twice', rewriteRows((data) => data.push({ ...data.at(-1) }))],
];

describe.each(['row', 'trace'] as const)('a scan for units: %s', (unit) => {
  it.each(PASSING)('goes on after %s, at any request', async (_name, fault) => {
    const reader = await open(unit);
    const expected = await readUnits(reader);
    expect(rowsOfUnits(expected)).toHaveLength(6);
    const before = world.plane.requests.count();
    await readUnits(reader);
    const requests = world.plane.requests.count() - before;
    for (let place = 0; place < requests; place += 1) {
      failAt(place, fault);
      expect(await readUnits(reader)).toEqual(expected);
    }
  });

  it.each(WRONG)('refuses %s', async (_name, fault) => {
    const reader = await open(unit);
    world.plane.control.fail(fault);
    await expect(readUnits(reader)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('refuses rows outside of the range', async () => {
    const reader = await open(unit);
    const late = { _xact_id: xactIdAt(4_000_000_000) };
    world.plane.control.fail(rewriteRows((data) => Object.assign(data.at(-1) ?? {}, late)));
    await expect(readUnits(reader)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('ends with an error at a right that is taken away, having given what came before', async () => {
    const reader = await open(unit);
    failAt(unit === 'trace' ? 2 : 1, { kind: 'status', status: 403 });
    const seen: TargetUnit[] = [];
    const read = async (): Promise<void> => {
      for await (const page of reader.units(null, {})) seen.push(...page.units);
    };
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
    expect(rowsOfUnits(seen)).toHaveLength(6);
  });

  it('ends when an answer may lack rows of the range', async () => {
    const reader = await open(unit);
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    await expect(readUnits(reader)).rejects.toMatchObject({
      code: 'SOURCE_BEHIND',
      retryable: true,
    });
  });

  it('asks for fewer rows while the service cannot answer so many', async () => {
    const reader = await open(unit);
    const expected = await readUnits(reader);
    world.plane.control.timeOutAbove(2);
    expect(new Set(rowsOfUnits(await readUnits(reader)))).toEqual(new Set(rowsOfUnits(expected)));
  });

  it('refuses a page that comes twice', async () => {
    const reader = await open(unit);
    const read = async (): Promise<void> => {
      for await (const _page of reader.units(null, {})) world.plane.control.repeatPage(true);
    };
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it.each(['', '{}', '[]', '{"retention":2}', '{"retention":1,"object":"x","after":null}'])(
    'refuses the cursor %j',
    async (cursor) => {
      const reader = await open(unit);
      await expect(readUnitPages(reader, cursor)).rejects.toMatchObject({
        code: 'SOURCE_CURSOR_INVALID',
      });
    },
  );
});

describe.each(['row', 'trace'] as const)('a reread: %s', (unit) => {
  let reader: TargetReader;
  let batch: DeletionBatch;

  beforeEach(async () => {
    reader = await open(unit);
    batch = batchOf(...(await readUnits(reader)));
  });

  it.each(PASSING)('goes on after %s', async (_name, fault) => {
    world.plane.control.fail(fault);
    const { units } = await reader.reread(batch, {});
    expect(outline(units).sort()).toEqual(outline(batch.units).sort());
  });

  it.each(WRONG)('refuses %s', async (_name, fault) => {
    world.plane.control.fail(fault);
    await expect(reader.reread(batch, {})).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('refuses a row that nobody asked for', async () => {
    const other = unit === 'row' ? { id: 'zz' } : { root_span_id: 'zz' };
    world.plane.control.fail(rewriteRows((data) => Object.assign(data.at(-1) ?? {}, other)));
    await expect(reader.reread(batch, {})).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('refuses an answer that may lack the last that was written', async () => {
    const now = Math.floor(world.clock.nowMs / 1_000);
    const behind = { consideredXactId: xactIdAt(now), actualXactId: xactIdAt(now - 1) };
    world.plane.control.setFreshness(projectId, behind);
    await expect(reader.reread(batch, {})).rejects.toMatchObject({ code: 'SOURCE_BEHIND' });
    const whole = { consideredXactId: xactIdAt(now), actualXactId: xactIdAt(now) };
    world.plane.control.setFreshness(projectId, whole);
    expect((await reader.reread(batch, {})).units).toHaveLength(batch.units.length);
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    await expect(reader.reread(batch, {})).rejects.toMatchObject({ code: 'SOURCE_BEHIND' });
  });

  it('reads page by page while the service cannot answer so many rows', async () => {
    world.plane.control.timeOutAbove(1);
    const { units } = await reader.reread(batch, {});
    expect(rowsOfUnits(units)).toHaveLength(6);
  });

  it('obeys an abort while it waits and while it reads', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(reader.reread(batch, { signal })).rejects.toBe(signal.reason);
    const controller = new AbortController();
    const held = world.plane.control.hold();
    const reading = reader.reread(batch, { signal: controller.signal });
    await held.arrived;
    controller.abort(new Error('later'));
    await expect(reading).rejects.toBe(controller.signal.reason);
    held.release();
  });
});

describe('a deletion', () => {
  const window = { notBefore: new Date(0), notAfter: new Date(8e15) };
  let reader: TargetReader;
  let units: readonly TargetUnit[];

  beforeEach(async () => {
    reader = await open('trace');
    units = await readUnits(reader);
  });

  const left = (): unknown[] => world.plane.liveRows('project_logs', projectId).map(({ id }) => id);

  interface LostDeletion {
    readonly after: string;
    readonly fault: PlaneFault;
    readonly outcome: 'unknown' | 'refused';
    readonly remaining: readonly string[];
  }

  const lost: readonly LostDeletion[] = [
    {
      after: 'an answer that is lost',
      fault: { kind: 'lost-answer' },
      outcome: 'unknown',
      remaining: [],
    },
    {
      after: 'a connection that breaks',
      fault: { kind: 'reset' },
      outcome: 'unknown',
      remaining: ROWS,
    },
    {
      after: 'an answer that is cut',
      fault: { kind: 'cut', declared: 'full' },
      outcome: 'unknown',
      remaining: [],
    },
    {
      after: 'a server error',
      fault: { kind: 'status', status: 503 },
      outcome: 'unknown',
      remaining: ROWS,
    },
    {
      after: 'a rate limit',
      fault: { kind: 'status', status: 429 },
      outcome: 'refused',
      remaining: ROWS,
    },
    {
      after: 'a refusal',
      fault: { kind: 'status', status: 403 },
      outcome: 'refused',
      remaining: ROWS,
    },
    {
      after: 'a request that is too large',
      fault: { kind: 'status', status: 413 },
      outcome: 'refused',
      remaining: ROWS,
    },
    {
      after: 'what is no answer',
      fault: { kind: 'wrong-shape' },
      outcome: 'unknown',
      remaining: ROWS,
    },
    { after: 'an answer about other rows', fault: FEWER, outcome: 'unknown', remaining: [] },
  ];

  it.each(lost)('is not repeated after $after', async ({ fault, outcome, remaining }) => {
    world.plane.control.fail(fault, { path });
    await expect(reader.remove(rowsOfUnits(units), window)).rejects.toMatchObject({
      name: 'SourceError',
      details: { outcome },
    });
    expect(world.plane.requests.count({ path })).toBe(1);
    expect(new Set(left())).toEqual(new Set(remaining));
    const rest = await reader.remaining(rowsOfUnits(units), {});
    expect(new Set(rest.map(({ id }) => id))).toEqual(new Set(remaining));
  });

  it('that is too large says so, so that fewer rows are sent', async () => {
    world.plane.control.fail({ kind: 'status', status: 413 }, { path });
    await expect(reader.remove(rowsOfUnits(units), window)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it('is not sent when its time is over, nor before it has begun', async () => {
    const clock = manualClock();
    const client = quickClient(world.plane.url, { apiKey: world.plane.apiKey, runtime: clock });
    const timed = await projectLogs({ client, projectId }).open(world.scope('trace'), {});
    const now = clock.now().getTime();
    for (const [notBefore, notAfter] of [
      [now - 10_000, now - 1],
      [now + 1, now + 10_000],
    ] as const)
      await expect(
        timed.remove(rowsOfUnits(units), {
          notBefore: new Date(notBefore),
          notAfter: new Date(notAfter),
        }),
      ).rejects.toMatchObject({ code: 'SEND_TOO_LATE', retryable: true });
    expect(world.plane.requests.count({ path })).toBe(0);
    await timed.remove(rowsOfUnits(units), { notBefore: new Date(now), notAfter: new Date(now) });
    expect(left()).toEqual([]);
  });

  it('of no rows asks nothing', async () => {
    await reader.remove([], window);
    expect(world.plane.requests.count({ path })).toBe(0);
  });

  it.each(WRONG)('is not confirmed by %s', async (_name, fault) => {
    world.plane.control.fail(fault);
    await expect(reader.remaining(rowsOfUnits(units), {})).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
  });

  it('is not confirmed by an answer that may lack rows', async () => {
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    await expect(reader.remaining(rowsOfUnits(units), {})).rejects.toMatchObject({
      code: 'SOURCE_BEHIND',
    });
  });

  it('and the read that it rests on go out together, however much else the client is asked', async () => {
    const clock = manualClock({ autoAdvance: true });
    const options = { apiKey: world.plane.apiKey, runtime: clock, requestsPerMinute: 5 };
    const client = quickClient(world.plane.url, options);
    const budgeted = await projectLogs({ client, projectId }).open(world.scope('trace'), {});
    await readUnits(budgeted);
    const { readAt, units: now } = await budgeted.reread(batchOf(...units), {});
    const notAfter = new Date(readAt.getTime() + 10_000);
    // One request of the minute is left; what others take waits behind what was reserved.
    const others = [client.get('/v1/project'), client.get('/v1/project')];
    await budgeted.remove(rowsOfUnits(now), { notBefore: readAt, notAfter });
    expect(left()).toEqual([]);
    await Promise.all(others);
  });
});

/** Lets the request after `place` others fail. */
function failAt(place: number, fault: PlaneFault): void {
  world.plane.control.clear();
  if (place > 0)
    world.plane.control.fail(
      rewriteRows(() => undefined),
      { times: place },
    );
  world.plane.control.fail(fault);
}
