import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { experimentsSource } from '../../src/braintrust/experiments/experiments.js';
import { listProjects } from '../../src/braintrust/projects/list-projects.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import type { Cursor, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { quickClient } from '../support/braintrust.js';
import { relistingFetch } from '../support/listing.js';
import type { ListedChange } from '../support/listing.js';
import { reply, startScriptedServer } from '../support/scripted-server.js';
import { spanExporter } from '../support/span-export.js';
import { idsOf, lastCursor, readPages, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

let world: SpansWorld;
let client: BraintrustClient;
let listed: Map<string, ListedChange>;
let support: string;
let other: string;

beforeEach(async () => {
  world = await startWorld();
  listed = new Map();
  const { plane } = world;
  client = quickClient(plane.url, { apiKey: plane.apiKey, fetch: relistingFetch(listed) });
  support = plane.createProject('support').id;
  other = plane.createProject('other').id;
  insert(support, 'a');
  insert(other, 'x');
  world.pass(200);
});

afterEach(async () => {
  await world.plane.close();
});

function insert(projectId: string, ...ids: readonly string[]): void {
  world.plane.insert(
    'project_logs',
    projectId,
    ids.map((id) => ({ id })),
  );
}

const byName = (...projectNames: readonly string[]): Source =>
  spansSource({ client, projectNames });

async function readOnce(source: Source): Promise<Cursor | null> {
  return lastCursor(await readPages(source));
}

describe('a project by its name', () => {
  it('is read as it is by its id', async () => {
    const source = spansSource({ client, projectName: 'support' });
    const byId = spansSource({ client, projectId: support });
    expect(idsOf(await readPages(source))).toEqual(idsOf(await readPages(byId)));
    expect(source.identity).toEqual(byId.identity);
  });

  it('is the same one after it was renamed', async () => {
    const cursor = await readOnce(byName('support'));
    listed.set(support, { name: 'help' });
    insert(support, 'b');
    world.pass(200);
    const pages = await readPages(byName('support'), cursor);
    expect(idsOf(pages)).toContain('b');
    expect(idsOf(pages)).not.toContain('x');
  });

  it('is refused once another project has the name, and both are told', async () => {
    const cursor = await readOnce(byName('support'));
    listed.set(support, { name: 'help' }).set(other, { name: 'support' });
    await expect(readPages(byName('support'), cursor)).rejects.toMatchObject({
      code: 'SOURCE_RENAMED',
      retryable: false,
      details: { name: 'support', pinned: support, ids: [other] },
    });
  });

  it('goes on when a second one comes to have the same name', async () => {
    const cursor = await readOnce(byName('support'));
    listed.set(other, { name: 'support' });
    expect(idsOf(await readPages(byName('support'), cursor))).not.toContain('x');
  });

  it('is refused when two have the name from the beginning, and both are told', async () => {
    listed.set(other, { name: 'support' });
    const read = readPages(byName('support'));
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
    await expect(read).rejects.toThrow(support);
    await expect(read).rejects.toThrow(other);
  });

  it('is refused when nothing has the name', async () => {
    await expect(readPages(byName('support', 'nothing'))).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      details: { name: 'nothing' },
    });
  });

  it('keeps its meaning through a rewind, and loses it with a reset', async () => {
    const parts = { sink: memorySink(), cursorStore: memoryCursorStore() };
    const exporter = (): ReturnType<typeof spanExporter> =>
      spanExporter({ source: byName('support'), ...parts });
    expect(await exporter().run()).toMatchObject({ rows: 1 });
    listed.set(support, { name: 'help' }).set(other, { name: 'support' });
    await exporter().rewind({ to: new Date(0) });
    await expect(exporter().run()).rejects.toMatchObject({ code: 'SOURCE_RENAMED' });
    await exporter().reset();
    expect(await exporter().run()).toMatchObject({ rows: 1 });
  });

  it('may stand among others that come and go', async () => {
    const cursor = await readOnce(byName('support'));
    const both = await readPages(byName('other', 'support'), cursor);
    const fresh = both.flatMap((page) => idsOf([page]).slice(page.repeats ?? 0));
    expect(fresh).toEqual(['x']);
  });

  it('chooses the experiments of that project', async () => {
    const { id } = world.plane.createExperiment(support, 'first');
    world.plane.insert('experiment', id, [{ id: 'e' }]);
    world.pass(200);
    const source = experimentsSource({ client, projectName: 'support' });
    const pages = await readPages(source);
    expect(idsOf(pages)).toEqual(['e']);
    listed.set(support, { name: 'help' }).set(other, { name: 'support' });
    await expect(readPages(source, lastCursor(pages))).rejects.toMatchObject({
      code: 'SOURCE_RENAMED',
    });
  });
});

describe('test()', () => {
  it('tells how many projects the names stand for, and which may be read', async () => {
    const steps = [];
    for await (const step of byName('support', 'other').probe?.() ?? []) steps.push(step);
    const told = steps.map(({ step, outcome }) => `${step} ${outcome}`);
    expect(told.filter((text) => !text.startsWith('clock'))).toEqual([
      'list passed',
      'query passed',
      'query passed',
    ]);
    const failed = [];
    for await (const step of byName('nothing').probe?.() ?? []) failed.push(step.outcome);
    expect(failed).toEqual(['failed']);
  });
});

describe('listProjects', () => {
  it('gives every project that is there, newest first', async () => {
    expect(await listProjects(client)).toEqual([
      { id: other, name: 'other', created: new Date(world.clock.nowMs - 200_000) },
      { id: support, name: 'support', created: new Date(world.clock.nowMs - 200_000) },
    ]);
  });

  it('asks for further pages until one is empty', async () => {
    const page = (...ids: readonly string[]): string =>
      JSON.stringify({ objects: ids.map((id) => ({ id, name: id, created: null })) });
    const server = await startScriptedServer(
      reply(200, page('c', 'b')),
      reply(200, page('a')),
      reply(200, page()),
    );
    try {
      const projects = await listProjects(quickClient(server.url));
      expect(projects.map(({ id, created }) => [id, created])).toEqual([
        ['c', null],
        ['b', null],
        ['a', null],
      ]);
      expect(server.received.map(({ url }) => url)).toEqual([
        '/v1/project?limit=1000',
        '/v1/project?limit=1000&starting_after=b',
        '/v1/project?limit=1000&starting_after=a',
      ]);
    } finally {
      await server.close();
    }
  });

  it.each([
    ['{"objects":[{"id":"a","name":"a"}]}', /names one twice/],
    ['{"objects":[{"name":"a"}]}', /without `id`/],
    ['{"objects":[{"id":"a"}]}', /without `name`/],
    ['{"objects":[5]}', /no object/],
    ['{}', /no `objects`/],
    ['[]', /no `objects`/],
    ['{"objects":', /no JSON text/],
    ['<html>', /web page/],
  ])('refuses the answer %s', async (body, message) => {
    const server = await startScriptedServer(reply(200, body));
    try {
      const list = listProjects(quickClient(server.url, { maxAttempts: 1 }));
      await expect(list).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
      await expect(list).rejects.toThrow(message);
    } finally {
      await server.close();
    }
  });
});
