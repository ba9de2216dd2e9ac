/**
 * How to test an export of one's own: a data plane in the process, a sink in memory, a clock under control. Here the
 * rules are that prompts never leave, and that a score given later arrives as a new version.
 *
 * Environment: none.
 * Command: npx tsx --test examples/unit-test.ts
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createExporter, datePartitionedKeys, type Exporter, type Row } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { jsonlEncoder } from 'tracehaul/jsonl';
import {
  manualClock,
  memoryCursorStore,
  memorySink,
  startDataPlane,
  type DataPlane,
} from 'tracehaul/testing';

/** The code under test. */
function withoutPrompts({ input: _input, output: _output, ...row }: Row): Row {
  return row;
}

const clock = manualClock({ autoAdvance: true });
const sink = memorySink();
const cursorStore = memoryCursorStore();
let plane: DataPlane;
let projectId: string;

before(async () => {
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('shop').id;
});
after(() => plane.close());

function makeExporter(): Exporter {
  const client = braintrustClient({ apiKey: plane.apiKey, apiUrl: plane.url, runtime: clock });
  return createExporter({
    id: 'spans',
    source: spansSource({ client, projectId }),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink,
    keys: datePartitionedKeys(),
    cursorStore,
    transform: withoutPrompts,
    runtime: clock,
  });
}

/** All rows in the sink, in the order of their keys. */
function exportedRows(): Row[] {
  const keys = [...sink.objects.keys()].filter((key) => key.endsWith('.jsonl')).sort();
  const lines = keys.flatMap((key) =>
    Buffer.from(sink.objects.get(key) ?? [])
      .toString()
      .split('\n'),
  );
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

void test('prompts and answers are left out', async () => {
  plane.insert('project_logs', projectId, [{ id: 'a', input: 'secret', output: 'secret too' }]);
  await clock.advance(5 * 60_000);
  const result = await makeExporter().run();
  assert.equal(result.rows, 1);
  const [row] = exportedRows();
  assert.equal(row?.['id'], 'a');
  assert.ok(!JSON.stringify(row).includes('secret'));
});

void test('a score given later is a new version of the row', async () => {
  plane.insert('project_logs', projectId, [{ id: 'a', scores: { helpful: 1 }, _is_merge: true }]);
  await clock.advance(5 * 60_000);
  const result = await makeExporter().run();
  assert.equal(result.rows, 1);
  const versions = exportedRows();
  assert.equal(versions.length, 2);
  assert.deepEqual(versions[1]?.['scores'], { helpful: 1 });
});

void test('nothing new writes nothing', async () => {
  const keys = [...sink.objects.keys()];
  const result = await makeExporter().run();
  assert.deepEqual([result.rows, result.stopReason], [0, 'caught-up']);
  assert.deepEqual([...sink.objects.keys()], keys);
});
