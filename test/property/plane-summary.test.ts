import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  double,
  integer,
  option,
  record,
} from 'fast-check';
import { expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

import { plainSummary } from '../support/plain-summary.js';
import { ask } from '../support/plane-client.js';

/** Quarters add up exactly in any order. */
const quarters = integer({ min: 0, max: 40 }).map((number) => number / 4);

const event = record({
  trace: integer({ min: 0, max: 3 }),
  span: integer({ min: 0, max: 4 }),
  action: constantFrom('insert', 'insert', 'merge', 'delete'),
  type: option(constantFrom('llm', 'tool', 'task', 'score')),
  error: option(constantFrom('bad')),
  score: option(quarters),
  start: option(quarters),
  end: option(quarters),
  tokens: option(integer({ min: 0, max: 9 })),
  cached: boolean(),
  late: double({ min: 0, max: 1, noNaN: true }),
});
interface Event {
  readonly trace: number;
  readonly span: number;
  readonly action: string;
  readonly type: string | null;
  readonly error: string | null;
  readonly score: number | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly tokens: number | null;
  readonly cached: boolean;
  readonly late: number;
}

function given(fields: Readonly<Record<string, unknown>>): JsonRow {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** The event of a span, which is the root of its trace when its number is 0. */
function toRow({ trace, span, action, ...rest }: Event): JsonRow {
  const { type, error, score, start, end, tokens, cached } = rest;
  const root = `trace-${trace}`;
  const id = `${root}-${span}`;
  if (action === 'delete') return { id, _object_delete: true };
  return {
    id,
    span_id: span === 0 ? root : id,
    root_span_id: root,
    ...(span === 0 ? {} : { span_parents: [root] }),
    ...(action === 'merge' ? { _is_merge: true } : {}),
    error,
    span_attributes: given({ name: id, type }),
    scores: given({ quality: score }),
    metrics: given({
      start,
      end,
      prompt_tokens: tokens,
      completion_tokens: tokens,
      estimated_cost: score,
      time_to_first_token: start,
      cached: cached ? 1 : null,
    }),
  };
}

async function readSummaries(plane: DataPlane, projectId: string): Promise<readonly JsonRow[]> {
  const query = `from: project_logs('${projectId}') summary | preview_length: -1 | limit: 1000`;
  return (await ask(plane, query)).body.data;
}

it('summaries are what plain sums over the live spans are, whatever was written', async () => {
  await assert(
    asyncProperty(array(event, { maxLength: 40 }), async (events) => {
      const clock = manualClock();
      const plane = await startDataPlane({ clock });
      try {
        const projectId = plane.createProject('random').id;
        for (const one of events) {
          plane.insert('project_logs', projectId, [toRow(one)]);
          await clock.advance(Math.round(one.late * 2000));
        }
        const traces = new Map<unknown, JsonRow[]>();
        for (const span of plane.liveRows('project_logs', projectId)) {
          const root = span['root_span_id'];
          traces.set(root, [...(traces.get(root) ?? []), span]);
        }
        const expected = [...traces.values()].map(plainSummary).filter((row) => row !== null);
        const found = await readSummaries(plane, projectId);
        const rootsOf = (rows: readonly JsonRow[]): unknown =>
          new Set(rows.map((row) => row['root_span_id']));
        expect(found).toHaveLength(expected.length);
        expect(rootsOf(found)).toEqual(rootsOf(expected));
        for (const wanted of expected) {
          const row = found.find(({ root_span_id: root }) => root === wanted['root_span_id']);
          const { scores, metrics, ...rest } = wanted;
          expect(row).toMatchObject(rest);
          expect(row?.['metrics']).toEqual(metrics);
          expect(row?.['scores']).toEqual(scores);
        }
      } finally {
        await plane.close();
      }
    }),
    { numRuns: 60 },
  );
});
