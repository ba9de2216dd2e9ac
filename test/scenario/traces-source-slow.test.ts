import { afterEach, beforeEach, expect, it } from 'vitest';

import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { secondsOfXactId } from '../../src/braintrust/query/xact.js';
import type { Cursor } from '../../src/interfaces/index.js';
import { lastCursor, readPages, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';
import { traces, traceVersionsOf, writeSpans } from '../support/traces.js';

let world: SpansWorld;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  projectId = world.plane.createProject('first').id;
});

afterEach(async () => {
  await world.plane.close();
});

/** Writes the root of a trace again every ten seconds. */
function live(seconds: number): void {
  for (let second = 0; second < seconds; second += 10) {
    world.pass(10);
    writeSpans(world, projectId, [{ trace: 't', span: 't' }]);
  }
}

/** A client through which each read takes longer than the time between two sweeps. */
function slowClient(seconds: number): BraintrustClient {
  const { client } = world;
  let asked = 0;
  return {
    apiUrl: client.apiUrl,
    get: client.get.bind(client),
    reserve: client.reserve.bind(client),
    send: client.send.bind(client),
    query: async (query, options) => {
      const answer = await client.query(query, options);
      asked += 1;
      if (asked === 1) live(seconds);
      return answer;
    },
  };
}

it('a trace that never rests is given within `maxOpenMs` and a read, however long reads take', async () => {
  writeSpans(world, projectId, [{ trace: 't', span: 'child' }]);
  const born = world.clock.nowMs / 1_000;
  let cursor: Cursor | null = null;
  const given: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    live(120);
    const source = traces(world, { projectId, client: slowClient(400), maxOpenMs: 600_000 });
    const pages = await readPages(source, cursor);
    cursor = lastCursor(pages, cursor);
    given.push(...traceVersionsOf(pages));
  }
  expect(given.length).toBeGreaterThanOrEqual(2);
  const [first = ''] = given;
  expect(secondsOfXactId(first.slice(2)) - born).toBeLessThanOrEqual(600 + 520);
  expect(new Set(given).size).toBe(given.length);
});
