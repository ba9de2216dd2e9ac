import { expect, it } from 'vitest';

import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { readPages, startWorld } from '../support/spans.js';
import { traces, writeSpans } from '../support/traces.js';

it('traces that go on with many spans each are told apart in a few requests', async () => {
  const world = await startWorld();
  const projectId = world.plane.createProject('first').id;
  const names = Array.from({ length: 40 }, (_, at) => `t${at}`);
  const roots = names.map((trace) => ({ trace, span: trace }));
  writeSpans(world, projectId, roots);
  world.pass(200);
  const until = world.clock.now();
  world.pass(2);
  for (const trace of names) {
    const spans = Array.from({ length: 100 }, (_, at) => ({ trace, span: `s${at}` }));
    writeSpans(world, projectId, spans);
    world.pass(1);
  }
  world.pass(200);
  let asked = 0;
  const client: BraintrustClient = {
    apiUrl: world.client.apiUrl,
    get: world.client.get.bind(world.client),
    reserve: world.client.reserve.bind(world.client),
    send: world.client.send.bind(world.client),
    query: async (query, options) => {
      asked += 1;
      return await world.client.query(query, options);
    },
  };
  const pages = await readPages(traces(world, { projectId, until, client }));
  expect(pages.every(({ rows }) => rows.length === 0)).toBe(true);
  expect(asked).toBeLessThanOrEqual(20);
  await world.plane.close();
});
