import { onTestFinished } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { braintrustClient, type BraintrustClient } from '../../src/braintrust/client/client.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import { createExporter } from '../../src/create-exporter.js';
import {
  createRetentionPolicy,
  type RetentionPolicyOptions,
} from '../../src/create-retention-policy.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import type { CursorStore, Sink } from '../../src/interfaces/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { type DataPlane, startDataPlane } from '../../src/testing/plane/data-plane.js';
import type { DataPlaneOptions } from '../../src/testing/plane/data-plane.js';
import type { JsonRow } from '../../src/testing/plane/row-shape.js';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
const START = new Date('2026-03-01T12:00:00Z');

/** A trace as events: a root and so many children, created at one time. */
export function traceEvents(trace: string, children: number, created: Date): JsonRow[] {
  const at = created.toISOString();
  const root = {
    id: `${trace}-root`,
    span_id: `${trace}-s0`,
    root_span_id: `${trace}-s0`,
    created: at,
  };
  const spans = Array.from({ length: children }, (_, index) => ({
    id: `${trace}-${index}`,
    span_id: `${trace}-s${index + 1}`,
    root_span_id: `${trace}-s0`,
    span_parents: [`${trace}-s0`],
    created: at,
  }));
  return [{ ...root, input: { question: trace } }, ...spans];
}

/** One clock for everything, a plane with one project, an export of it and policies on it. */
export class PolicyWorld {
  readonly clock: ManualClock;
  readonly plane: DataPlane;
  readonly projectId: string;
  readonly sink: Sink;
  readonly store: CursorStore;

  private constructor(parts: {
    readonly clock: ManualClock;
    readonly plane: DataPlane;
    readonly sink: Sink;
    readonly store: CursorStore;
  }) {
    this.clock = parts.clock;
    this.plane = parts.plane;
    this.sink = parts.sink;
    this.store = parts.store;
    this.projectId = parts.plane.createProject('logs').id;
  }

  static async start(
    options: {
      readonly plane?: DataPlaneOptions;
      readonly sink?: Sink;
      readonly store?: CursorStore;
    } = {},
  ): Promise<PolicyWorld> {
    const clock = manualClock({ autoAdvance: true, now: START });
    const plane = await startDataPlane({ clock, ...options.plane });
    onTestFinished(() => plane.close());
    const sink = options.sink ?? memorySink();
    return new PolicyWorld({ clock, plane, sink, store: options.store ?? memoryCursorStore() });
  }

  client(
    options: { readonly requestsPerMinute?: number; readonly apiKey?: string } = {},
  ): BraintrustClient {
    const { plane, clock } = this;
    return braintrustClient({
      apiUrl: plane.url,
      apiKey: plane.apiKey,
      requestsPerMinute: Infinity,
      runtime: clock,
      ...options,
    });
  }

  exporter(id = 'spans', projectId: string = this.projectId, sink: Sink = this.sink): Exporter {
    return createExporter({
      id,
      source: spansSource({ client: this.client(), projectId }),
      encoder: jsonlEncoder({ compression: 'none' }),
      sink,
      keys: datePartitionedKeys(),
      cursorStore: this.store,
      object: { maxRows: 50 },
      runtime: this.clock,
    });
  }

  policy(options: Partial<RetentionPolicyOptions> = {}): RetentionPolicy {
    return createRetentionPolicy({
      id: 'logs',
      target: projectLogs({ client: this.client(), projectId: this.projectId }),
      keepDays: 30,
      requireExported: { sink: this.sink, exportId: 'spans' },
      cursorStore: this.store,
      brakes: { maxFraction: 1 },
      runtime: this.clock,
      ...options,
    });
  }

  /** Writes traces that were created, and written, at a time before now. */
  writeTraces(
    count: number,
    ageDays: number,
    options: { readonly prefix?: string; readonly children?: number } = {},
  ): void {
    const { prefix = `d${ageDays}`, children = 2 } = options;
    const created = new Date(this.clock.now().getTime() - ageDays * DAY_MS);
    for (let trace = 0; trace < count; trace += 1)
      this.plane.insert(
        'project_logs',
        this.projectId,
        traceEvents(`${prefix}-${trace}`, children, created),
        { at: created },
      );
  }

  /** The ids of the rows that queries show. */
  liveIds(): readonly string[] {
    const rows = this.plane.liveRows('project_logs', this.projectId);
    return rows.map((row) => String(row['id'])).sort();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }
}
