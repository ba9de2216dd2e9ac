import { afterEach, beforeEach, expect, it } from 'vitest';

import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { startBtqlWorld } from '../support/btql-fixture.js';
import type { BtqlWorld } from '../support/btql-fixture.js';
import { plainKeys } from '../support/plain-keys.js';
import { spanExporter } from '../support/span-export.js';

let world: BtqlWorld;

beforeEach(async () => {
  world = await startBtqlWorld();
});
afterEach(() => world.plane.close());

it('a snapshot sorted by values of several kinds, of which no page can begin with another, is not committed', async () => {
  const rows = Array.from({ length: 20 }, (_, at) => ({
    id: `r${at}`,
    metadata: { rank: at < 10 ? at : `text ${at}` },
  }));
  world.plane.insert('project_logs', world.projectId, rows);
  world.pass(200);
  const text = `select: id | from: project_logs('{id}') | filter: input is null | sort: metadata.rank | limit: 100`;
  const sink = memorySink();
  const exporter = spanExporter(
    { source: world.btql(text), sink, cursorStore: memoryCursorStore() },
    { pageSize: 5, keys: plainKeys() },
  );
  await expect(exporter.run()).rejects.toMatchObject({ code: 'RESULT_TRUNCATED' });
  expect([...sink.objects.keys()]).toEqual([]);
});
