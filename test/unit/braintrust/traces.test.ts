import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { xactIdAt } from '../../../src/braintrust/query/xact.js';
import type { ScannedPage } from '../../../src/braintrust/records/window-scan.js';
import { ChangedTraces } from '../../../src/braintrust/traces/changed-traces.js';
import { isInSweep, isSweepDue } from '../../../src/braintrust/traces/restless-traces.js';
import { RowWriter } from '../../../src/braintrust/traces/row-writer.js';
import { TracePace } from '../../../src/braintrust/traces/trace-pace.js';
import { rowBatchFromObjects, rowBatchFromText } from '../../../src/rows/row-batch.js';

const xact = (number: number): string => String(BigInt(xactIdAt(1_000)) + BigInt(number));

interface Span {
  readonly at: number;
  readonly id: string | null;
  readonly trace: string | null;
  readonly project?: string;
}

function pageOf(spans: readonly Span[], isSorted = true): ScannedPage {
  const rows = spans.map(({ at, id, trace, project = 'p' }) => ({
    _xact_id: xact(at),
    id,
    project_id: project,
    root_span_id: trace,
  }));
  const xactIds = rows.map((row) => row._xact_id);
  const after = { xactId: xactIds.at(-1) ?? '', row: null };
  return {
    rows: rowBatchFromObjects(rows),
    xactIds,
    after,
    afterRow: isSorted ? () => after : undefined,
  };
}

function namesOf(pages: readonly ScannedPage[]): string[] {
  const traces = new ChangedTraces();
  for (const page of pages) traces.add(page, 'p');
  return traces.inOrder().map(({ rootSpanId, place }) => `${rootSpanId}:${place.row?.id}`);
}

describe('the traces of a stretch', () => {
  it('stand at the last of their changes, in its order', () => {
    const first = pageOf([
      { at: 1, id: 'a', trace: 't' },
      { at: 1, id: 'b', trace: 'u' },
      { at: 2, id: 'c', trace: 't' },
    ]);
    const second = pageOf([
      { at: 2, id: 'd', trace: 'v' },
      { at: 3, id: 'e', trace: 'u' },
    ]);
    expect(namesOf([first, second])).toEqual(['t:c', 'v:d', 'u:e']);
  });

  it('are kept apart by project, and what belongs to no trace stands for itself', () => {
    const page = pageOf([
      { at: 1, id: 'a', trace: 't' },
      { at: 1, id: 'b', trace: null },
      { at: 1, id: 'c', trace: null },
      { at: 2, id: 'a', trace: 't', project: 'q' },
    ]);
    expect(namesOf([page])).toEqual(['t:a', 'null:b', 'null:c', 't:a']);
  });

  it('are the same in whatever order the rows of a transaction come', () => {
    const span = fc.record({
      at: fc.nat(3),
      id: fc.oneof(fc.constant(null), fc.string({ minLength: 1, maxLength: 2 })),
      trace: fc.constantFrom('t', 'u', 'v'),
    });
    const unique = fc.uniqueArray(span, { selector: ({ at, id }) => `${at} ${id}`, maxLength: 12 });
    fc.assert(
      fc.property(unique, fc.infiniteStream(fc.nat()), (spans, noise) => {
        const shuffled = spans
          .map((one) => ({ one, by: noise.next().value }))
          .sort((left, right) => left.by - right.by)
          .map(({ one }) => one)
          .sort((left, right) => left.at - right.at);
        const sorted = shuffled.toSorted(
          (left, right) =>
            left.at - right.at ||
            Buffer.compare(Buffer.from(left.id ?? ''), Buffer.from(right.id ?? '')),
        );
        expect(namesOf([pageOf(shuffled, false)])).toEqual(namesOf([pageOf(sorted)]));
      }),
      { seed: 20_261_121 },
    );
  });
});

describe('a written row', () => {
  const other = (text: string) => {
    const bytes = Buffer.from(text);
    return { text: rowBatchFromText(bytes, Uint32Array.of(0, bytes.length)).text(), index: 0 };
  };
  const write = (own: [string, string][], text: string | null): string => {
    const writer = new RowWriter();
    writer.add(new Map(own), text === null ? null : other(text));
    return Buffer.from(writer.batch().text().bytes).toString();
  };

  it.each([
    [[['a', '1']], '{"b" : 9007199254740993, "a":2}', '{"a":1,"b" : 9007199254740993}'],
    [[['a', '1']], '{"\\u0061":2,"b":[{}]}', '{"a":1,"b":[{}]}'],
    [[['a', '1']], '{"a":2,"a":3}', '{"a":1}'],
    [[], '{"b":1}', '{"b":1}'],
    [[], null, '{}'],
    [[['"', 'null']], '{}', '{"\\"":null}'],
  ] as [[string, string][], string | null, string][])('of %j and %s is %s', (own, text, row) => {
    expect(write(own, text)).toBe(row);
  });
});

describe('a sweep', () => {
  const plan = { everySeconds: 1_800, lookbackSeconds: 600, restSeconds: 150 };

  it('is due once in each period, whatever the windows', () => {
    const ends = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(ends, (steps) => {
        let end = 1_000_000;
        let due = 0;
        for (const step of steps) {
          const window = { objectIds: ['p'], from: end - 600, until: end + step, after: null };
          const passed = Math.floor((end + step) / 1_800) > Math.floor(end / 1_800);
          expect(isSweepDue(window, plan)).toBe(passed);
          due += Number(passed);
          end += step;
        }
        expect(due).toBeLessThanOrEqual(Math.ceil((end - 1_000_000) / 1_800) + 1);
      }),
      { seed: 20_261_121 },
    );
  });

  it('is never due without end', () => {
    const window = { objectIds: ['p'], from: 0, until: 2_000_000_000, after: null };
    expect(isSweepDue(window, { ...plan, everySeconds: Infinity })).toBe(false);
  });

  it('has places behind every transaction of the window', () => {
    const window = { objectIds: ['p'], from: 0, until: 2_000 };
    const last = String(BigInt(xactIdAt(2_000)) - 1n);
    expect(isInSweep({ ...window, after: null })).toBe(false);
    expect(isInSweep({ ...window, after: { xactId: last, row: null } })).toBe(false);
    expect(isInSweep({ ...window, after: { xactId: xactIdAt(2_000), row: null } })).toBe(true);
  });
});

describe('the pace', () => {
  it('follows the size of traces, halves what was too much, and never comes to nothing', () => {
    const pace = new TracePace();
    expect(pace.traces).toBe(200);
    pace.slow(200);
    expect(pace.traces).toBe(100);
    pace.learn(16 * 1024, 1);
    expect(pace.traces).toBe(1_024);
    pace.learn(2 ** 40, 1);
    expect(pace.traces).toBe(1);
    pace.learn(0, 0);
    expect(pace.traces).toBe(1);
  });
});
