import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

import { ask } from '../support/plane-client.js';

interface Operation {
  readonly kind: string;
  readonly ids: readonly number[];
}

const operation = record({
  kind: constantFrom('insert', 'merge', 'delete', 'hold', 'surface', 'wait', 'wrap'),
  ids: array(integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }),
});

const CONTROL: Readonly<Record<string, JsonRow>> = {
  merge: { _is_merge: true, metadata: { merged: true } },
  delete: { _object_delete: true },
};

/** Does it, and gives the milliseconds to let pass. */
function perform(plane: DataPlane, projectId: string, { kind, ids }: Operation): number {
  if (kind === 'surface') plane.control.surface();
  if (kind === 'wrap') plane.control.nextTransaction({ counter: 65_535 });
  if (kind === 'wait' || kind === 'surface' || kind === 'wrap') return kind === 'wait' ? 700 : 0;
  const events = ids.map((id) => ({ id: `row-${id}`, ...CONTROL[kind] }));
  plane.insert('project_logs', projectId, events, kind === 'hold' ? { held: true } : {});
  return 0;
}

async function readByKeyset(plane: DataPlane, projectId: string): Promise<readonly JsonRow[]> {
  const rows: JsonRow[] = [];
  let [xactId, id] = ['0', ''];
  for (;;) {
    const filter = `_xact_id >= '${xactId}' and (_xact_id > '${xactId}' or id > '${id}')`;
    const query = `from: project_logs('${projectId}') | filter: ${filter} | sort: _xact_id, id | limit: 3`;
    const { data } = (await ask(plane, query)).body;
    const last = data.at(-1);
    if (last === undefined) return rows;
    rows.push(...data);
    [xactId, id] = [String(last['_xact_id']), String(last['id'])];
  }
}

it('pages by keyset give the live rows, and these are the last shown versions, whatever was written', async () => {
  await assert(
    asyncProperty(array(operation, { maxLength: 30 }), async (operations) => {
      const clock = manualClock();
      const plane = await startDataPlane({ clock });
      try {
        const projectId = plane.createProject('random').id;
        for (const one of operations) await clock.advance(perform(plane, projectId, one));
        const live = plane.liveRows('project_logs', projectId);
        expect(await readByKeyset(plane, projectId)).toEqual(live);
        const last = new Map<string, string | null>();
        for (const { id, xactId, deleted, shown } of plane.history)
          if (shown) last.set(id, deleted ? null : xactId);
        const expected = [...last].filter(([, xactId]) => xactId !== null);
        const found = new Map(live.map((row) => [row['id'], row['_xact_id']]));
        expect(found).toEqual(new Map(expected));
      } finally {
        await plane.close();
      }
    }),
    { numRuns: 40 },
  );
});
