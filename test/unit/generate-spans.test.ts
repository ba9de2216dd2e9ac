import { describe, expect, it } from 'vitest';

import { generateSpans } from 'tracehaul/testing';
import type { JsonRow } from 'tracehaul/testing';

const FROM = new Date('2026-02-01T00:00:00Z');
const TO = new Date('2026-02-02T00:00:00Z');

describe('generated spans', () => {
  it('are the same for the same seed and others for another', () => {
    const spans = (seed: number): JsonRow[] => [...generateSpans({ rows: 50, seed })];
    expect(spans(1)).toEqual(spans(1));
    expect(spans(2)).not.toEqual(spans(1));
  });

  it('can be gone through twice', () => {
    const spans = generateSpans({ rows: 20 });
    expect([...spans]).toEqual([...spans]);
  });

  it('are as many as asked, each with its own id', () => {
    const spans = [...generateSpans({ rows: 3000, size: 'small' })];
    expect(new Set(spans.map(({ id }) => id)).size).toBe(3000);
  });

  it('make whole traces: one root, parents inside the trace and before their children', () => {
    const traces = new Map<unknown, JsonRow[]>();
    for (const span of generateSpans({ traces: 200 })) {
      const trace = traces.get(span['root_span_id']) ?? [];
      const parents = span['span_parents'] as readonly string[] | null;
      const known = trace.map(({ span_id: spanId }) => spanId);
      if (parents === null) expect(trace).toEqual([]);
      else expect(known).toContain(parents[0]);
      traces.set(span['root_span_id'], [...trace, span]);
    }
    expect(traces.size).toBe(200);
    expect([...traces.values()].every((trace) => trace.length > 2)).toBe(true);
  });

  it('lie between the given times, traces in order', () => {
    const roots = [...generateSpans({ traces: 300, from: FROM, to: TO })].filter(
      (span) => span['span_parents'] === null,
    );
    const times = roots.map(({ created }) => Date.parse(String(created)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(FROM.getTime());
    expect(times.at(-1)).toBeLessThanOrEqual(TO.getTime());
  });

  it('have the sizes of real ones: about 5 KB, few very large, some not in ASCII', () => {
    const texts = Array.from(generateSpans({ rows: 5000, seed: 7 }), (span) =>
      JSON.stringify(span),
    );
    const sizes = texts.map((text) => Buffer.byteLength(text)).sort((a, b) => a - b);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(3900);
    expect(mean).toBeLessThan(5500);
    expect(sizes[2500]).toBeGreaterThan(3200);
    expect(sizes.at(-1)).toBeGreaterThan(20_000);
    expect(sizes.at(-1)).toBeLessThan(90_000);
    const foreign = texts.filter((text) => /\P{ASCII}/u.test(text)).length / texts.length;
    expect(foreign).toBeGreaterThan(0.08);
    expect(foreign).toBeLessThan(0.3);
  });

  it('can be small', () => {
    for (const span of generateSpans({ rows: 500, size: 'small' }))
      expect(JSON.stringify(span).length).toBeLessThan(800);
  });

  it('need to know how many', () => {
    expect(() => generateSpans({})).toThrow(/rows/u);
    expect(() => generateSpans({ rows: 1, traces: 1 })).toThrow(/not both/u);
    expect(() => generateSpans({ rows: 1, from: TO, to: FROM })).toThrow(/before/u);
  });
});
