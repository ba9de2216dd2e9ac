import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { memoryCursorStore } from '../../src/stores/memory.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import type { PlaneFault } from '../../src/testing/plane/faults.js';
import type { CursorStore } from '../../src/interfaces/index.js';
import { quickClient } from '../support/braintrust.js';
import { assertSpansExactlyOnce, spanExporter } from '../support/span-export.js';
import { type SpansWorld, spanEvents, startWorld } from '../support/spans.js';

const STRANGER = '00000000-0000-4000-8000-000000000000';

let world: SpansWorld;
let projectId: string;
let sink: MemorySink;
let cursorStore: CursorStore;

beforeEach(async () => {
  world = await startWorld({
    apiKeys: [{ key: 'sk-good' }, { key: 'sk-narrow', email: 'someone@example.com', projects: [] }],
  });
  projectId = world.plane.createProject('first').id;
  sink = memorySink();
  cursorStore = memoryCursorStore();
  world.plane.insert('project_logs', projectId, spanEvents(20));
  world.pass(200);
});

afterEach(async () => {
  await world.plane.close();
});

/** The failure of one run, as the host sees it. */
async function failureOf(run: Promise<unknown>): Promise<Error & { code?: string }> {
  const failure: unknown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
  return failure as Error & { code?: string };
}

/** Once the cause is gone, the next runs lose nothing and double nothing. */
async function expectMended(): Promise<void> {
  world.plane.control.clear();
  world.plane.control.setFreshness(projectId, null);
  world.plane.insert('project_logs', projectId, spanEvents(3, 'after'));
  world.pass(200);
  await spanExporter({ source: world.source({ projectId }), sink, cursorStore }).run();
  await assertSpansExactlyOnce(sink, world.plane, [projectId]);
}

function run(options: Parameters<SpansWorld['source']>[0] = {}): Promise<unknown> {
  const source = world.source({ projectId, ...options });
  return spanExporter({ source, sink, cursorStore }).run();
}

describe('what is wrong with the request', () => {
  it('a wrong key is named, not shown', async () => {
    const client = quickClient(world.plane.url, { apiKey: 'sk-wrong-secret' });
    const failure = await failureOf(run({ client }));
    expect(failure.code).toBe('SOURCE_UNAUTHORIZED');
    expect(failure.message).toMatch(/key/i);
    expect(failure.message).not.toContain('secret');
    await expectMended();
  });

  it('a key without access names the project, and hides the e-mail in the answer', async () => {
    const client = quickClient(world.plane.url, { apiKey: 'sk-narrow' });
    const failure = await failureOf(run({ client }));
    expect(failure.code).toBe('SOURCE_FORBIDDEN');
    expect(failure.message).toContain(projectId);
    expect(failure.message).not.toContain('someone@example.com');
    await expectMended();
  });

  it('an unknown project is named', async () => {
    const failure = await failureOf(run({ projectId: STRANGER }));
    expect(failure.code).toBe('SOURCE_FORBIDDEN');
    expect(failure.message).toContain(STRANGER);
    await expectMended();
  });

  it("a malformed filter gives the service's message with the place", async () => {
    const other = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const source = world.source({ projectId, filter: 'metadata.tier = = 3' });
    const failure = await failureOf(spanExporter({ source, ...other }).run());
    expect(failure.code).toBe('SOURCE_QUERY_INVALID');
    expect(failure.message).toMatch(/position|character|offset|at \d+|line/i);
  });
});

const edit =
  (from: string | RegExp, to: string) =>
  (body: Buffer): Uint8Array =>
    Buffer.from(body.toString('latin1').replace(from, to), 'latin1');

const ANSWERS: readonly (readonly [string, PlaneFault, RegExp])[] = [
  [
    'a page cut off in mid-JSON, honestly',
    { kind: 'cut', declared: 'half' },
    /^SOURCE_(PROTOCOL|UNAVAILABLE)$/,
  ],
  [
    'a page cut off before its declared end',
    { kind: 'cut', declared: 'full' },
    /^SOURCE_(PROTOCOL|UNAVAILABLE)$/,
  ],
  ['an answer of the wrong shape', { kind: 'wrong-shape' }, /^SOURCE_PROTOCOL$/],
  [
    'invalid UTF-8',
    { kind: 'rewrite', rewrite: edit('"input":"x"', '"input":"\xff"') },
    /^SOURCE_PROTOCOL$/,
  ],
  [
    'broken JSON inside a row',
    { kind: 'rewrite', rewrite: edit('"input":"x"', '"input":nul') },
    /^SOURCE_PROTOCOL$/,
  ],
  [
    'rows without `_xact_id`',
    { kind: 'rewrite', rewrite: edit(/"_xact_id":"\d+",/g, '') },
    /^SOURCE_PROTOCOL$/,
  ],
  [
    'rows of another order',
    { kind: 'rewrite', rewrite: edit(/row-0000(02|17)/g, 'row-000000') },
    /^SOURCE_PROTOCOL$/,
  ],
  ['a page from a proxy', { kind: 'html-403' }, /^SOURCE_UNAVAILABLE$/],
  ['a reset connection', { kind: 'reset' }, /^SOURCE_UNAVAILABLE$/],
  [
    'a rate limit that never ends',
    { kind: 'status', status: 429, retryAfterSeconds: 3600 },
    /^SOURCE_RATE_LIMITED$/,
  ],
  ['a broken service', { kind: 'status', status: 503 }, /^SOURCE_UNAVAILABLE$/],
];

describe('what is wrong with the answer', () => {
  it.each(ANSWERS)(
    '%s is an error of its own; the next run is whole',
    async (_name, fault, code) => {
      world.plane.control.fail(fault, { times: 200 });
      const failure = await failureOf(run());
      expect(failure.code).toMatch(code);
      await expectMended();
    },
  );

  it.each(ANSWERS)('%s after two good pages commits those first', async (_name, fault, code) => {
    let pages = 0;
    const source = world.source({ projectId });
    const twoGood = {
      ...source,
      async *read(options: Parameters<typeof source.read>[0]) {
        for await (const page of source.read(options)) {
          pages += 1;
          if (pages === 2) world.plane.control.fail(fault, { times: 200 });
          yield page;
        }
      },
    };
    const failure = await failureOf(spanExporter({ source: twoGood, sink, cursorStore }).run());
    expect(failure.code).toMatch(code);
    expect(sink.objects.size).toBeGreaterThan(0);
    await expectMended();
  });

  it('a cursor that does not move ends the run', async () => {
    const source = world.source({ projectId });
    let pages = 0;
    const stuck = {
      ...source,
      async *read(options: Parameters<typeof source.read>[0]) {
        for await (const page of source.read(options)) {
          pages += 1;
          world.plane.control.repeatPage(true);
          yield page;
        }
      },
    };
    const failure = await failureOf(spanExporter({ source: stuck, sink, cursorStore }).run());
    expect(failure.code).toBe('SOURCE_PROTOCOL');
    expect(pages).toBeLessThan(5);
    await expectMended();
  });

  it('a row without id goes to the dead letters when asked', async () => {
    const rewrite = edit('"id":"row-000000"', '"id":null');
    world.plane.control.fail({ kind: 'rewrite', rewrite }, { times: 9 });
    const source = world.source({ projectId });
    const options = { onBadRow: 'dead-letter', pageSize: 100 } as const;
    const result = await spanExporter({ source, sink, cursorStore }, options).run();
    expect(result).toMatchObject({ rows: 19, rejectedRows: 1 });
  });
});

describe('a row of 20 MB', () => {
  it('is exported whole, through the redirect that it takes', async () => {
    const text = '\u00e4'.repeat(10 * 1024 * 1024);
    world.plane.insert('project_logs', projectId, [{ id: 'giant', input: text }]);
    world.pass(200);
    await run();
    const { rows } = await assertSpansExactlyOnce(sink, world.plane, [projectId]);
    expect(rows.find(({ row }) => row['id'] === 'giant')?.row['input']).toBe(text);
  });
});

describe('data that the source cannot show completely yet', () => {
  it('ends the run before it, without an error, and comes with a later run', async () => {
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    const result = await run();
    expect(result).toMatchObject({ stopReason: 'source-behind', behind: 'source-behind', rows: 0 });
    await expectMended();
  });
});
