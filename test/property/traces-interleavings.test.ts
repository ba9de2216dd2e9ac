import fc from 'fast-check';
import { describe, it } from 'vitest';

import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import type { CursorStore, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type FaultMode, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import { spanExporter } from '../support/span-export.js';
import { type SpansWorld, startWorld } from '../support/spans.js';
import { assertTracesExactlyOnce } from '../support/trace-export.js';
import { traces } from '../support/traces.js';

const TRACES = 6;
const SPANS = 4;
/** Longer than the settle delay, shorter than the lookback. */
const LATE_SECONDS_MAX = 500;

/** A span by its trace and its number in it; number 0 is the root. */
type Span = readonly [trace: number, number: number];

/** A write before the given query of a run. */
interface During {
  readonly query: number;
  readonly spans: readonly Span[];
}

/** One thing that happens to a project or its export. */
type Step =
  | { readonly kind: 'insert' | 'merge' | 'feedback' | 'hold'; readonly spans: readonly Span[] }
  | { readonly kind: 'delete-trace'; readonly trace: number }
  | { readonly kind: 'delete-span'; readonly span: Span }
  | { readonly kind: 'surface' }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'run'; readonly maxRows: number; readonly during: readonly During[] }
  | { readonly kind: 'crash'; readonly at: number; readonly mode: FaultMode };

const span: fc.Arbitrary<Span> = fc.tuple(fc.nat(TRACES - 1), fc.nat(SPANS - 1));
const spans = fc.array(span, { minLength: 1, maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('insert' as const, 'merge' as const, 'feedback' as const),
      spans,
    }),
  },
  fc.record({ kind: fc.constant('hold' as const), spans }),
  fc.record({ kind: fc.constant('delete-trace' as const), trace: fc.nat(TRACES - 1) }),
  fc.record({ kind: fc.constant('delete-span' as const), span }),
  fc.record({ kind: fc.constant('surface' as const) }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      seconds: fc.oneof(fc.nat(40), fc.nat(300), fc.nat(5_000_000)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      maxRows: fc.integer({ min: 1, max: 20 }),
      during: fc.array(fc.record({ query: fc.nat(15), spans }), { maxLength: 3 }),
    }),
  },
  fc.record({
    kind: fc.constant('crash' as const),
    at: fc.integer({ min: 1, max: 60 }),
    mode: fc.constantFrom<FaultMode>('before', 'after', 'crash-before', 'crash-after'),
  }),
);

interface StoryOptions {
  readonly spans: boolean;
  readonly maxOpenMs: number;
  readonly refuseSecondSortKey: boolean;
}

class Story {
  readonly #world: SpansWorld;
  readonly #options: StoryOptions;
  readonly #projectIds: readonly string[];
  readonly #sink: MemorySink = memorySink();
  readonly #store: CursorStore = memoryCursorStore();
  readonly #cut = new Set<string>();
  readonly #late = new Set<string>();
  #heldFor = 0;
  #held = false;
  #writes = 0;

  constructor(world: SpansWorld, options: StoryOptions) {
    this.#world = world;
    this.#options = options;
    this.#projectIds = ['one', 'two'].map((name) => world.plane.createProject(name).id);
    world.plane.control.refuseSecondSortKey(options.refuseSecondSortKey);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#do(one);
    this.#surface();
    this.#world.pass(200);
    await this.#run({});
    await this.#run({});
    await assertTracesExactlyOnce(this.#sink, {
      world: this.#world,
      projectIds: this.#projectIds,
      exportId: 'traces',
      spans: this.#options.spans,
      cut: this.#cut,
      late: this.#late,
    });
  }

  async #do(one: Step): Promise<void> {
    if (one.kind === 'insert') this.#write(one.spans, { input: `input ${(this.#writes += 1)}` });
    if (one.kind === 'merge') this.#write(one.spans, { _is_merge: true, output: this.#writes });
    if (one.kind === 'feedback')
      this.#write(one.spans, { _is_merge: true, scores: { human: (this.#writes % 10) / 10 } });
    if (one.kind === 'hold') this.#hold(one.spans);
    if (one.kind === 'delete-trace') this.#deleteTrace(one.trace);
    if (one.kind === 'delete-span') this.#deleteSpan(one.span);
    if (one.kind === 'surface') this.#surface();
    if (one.kind === 'pass') this.#pass(one.seconds);
    if (one.kind === 'run') await this.#run({ maxRows: one.maxRows }, one.during);
    if (one.kind === 'crash') await this.#crash(one);
  }

  #projectOf(trace: number): string {
    return this.#projectIds[trace % 2] ?? '';
  }

  /** One transaction for each project. */
  #write(written: readonly Span[], extra: Record<string, unknown>, held = false): void {
    const unique = new Map(written.map((one) => [one.join('/'), one]));
    for (const projectId of this.#projectIds) {
      const mine = [...unique.values()].filter(([trace]) => this.#projectOf(trace) === projectId);
      const events = mine.map(([trace, number]) => ({
        id: `span ${trace}/${number}`,
        span_id: number === 0 ? `trace ${trace}` : `span ${number}`,
        root_span_id: `trace ${trace}`,
        ...(number > 0 && { span_parents: [`trace ${trace}`] }),
        span_attributes: { name: `span ${number}`, type: number === 1 ? 'llm' : 'task' },
        metrics: { prompt_tokens: number, start: number, end: number + 1 },
        ...extra,
      }));
      if (mine.length > 0) this.#world.plane.insert('project_logs', projectId, events, { held });
    }
  }

  /** Spans of their own, so that no later write of them overtakes them. */
  #hold(written: readonly Span[]): void {
    if (!this.#held) this.#heldFor = 0;
    this.#held = true;
    const offset = 1_000 * (this.#world.plane.history.length + 1);
    for (const [trace] of written) this.#late.add(this.#nameOf(trace));
    this.#write(
      written.map(([trace, number]) => [trace, number + offset]),
      {},
      true,
    );
  }

  #deleteTrace(trace: number): void {
    const projectId = this.#projectOf(trace);
    const live = this.#world.plane.liveRows('project_logs', projectId);
    const ids = live
      .filter((row) => row['root_span_id'] === `trace ${trace}`)
      .map((row) => row['id']);
    if (ids.length === 0) return;
    const events = ids.map((id) => ({ id, _object_delete: true }));
    this.#world.plane.insert('project_logs', projectId, events);
    // A span that is not shown yet comes back alone.
    if (this.#held) this.#cut.add(this.#nameOf(trace));
  }

  #deleteSpan([trace, number]: Span): void {
    const event = { id: `span ${trace}/${number}`, _object_delete: true };
    this.#world.plane.insert('project_logs', this.#projectOf(trace), [event]);
    this.#cut.add(this.#nameOf(trace));
  }

  #nameOf(trace: number): string {
    return `${this.#projectOf(trace)} trace ${trace}`;
  }

  #surface(): void {
    this.#world.plane.control.surface();
    this.#held = false;
  }

  #pass(seconds: number): void {
    // Nothing surfaces later than settle delay and lookback together: beyond that lies no promise.
    if (this.#held && this.#heldFor + seconds > LATE_SECONDS_MAX) this.#surface();
    this.#heldFor += seconds;
    this.#world.pass(seconds);
  }

  /** A client whose queries find that others write meanwhile. */
  #clientDuring(during: readonly During[]): BraintrustClient {
    const { client } = this.#world;
    let queries = 0;
    return {
      apiUrl: client.apiUrl,
      get: client.get.bind(client),
      reserve: client.reserve.bind(client),
      send: client.send.bind(client),
      query: async (query, options) => {
        for (const { query: number, spans: written } of during)
          if (number === queries) this.#write(written, { _is_merge: true, output: 'meanwhile' });
        queries += 1;
        return await client.query(query, options);
      },
    };
  }

  #source(during: readonly During[] = []): Source {
    const { spans: nested, maxOpenMs } = this.#options;
    return traces(this.#world, {
      client: this.#clientDuring(during),
      projectIds: this.#projectIds,
      spans: nested,
      maxOpenMs,
    });
  }

  async #run(
    options: { readonly maxRows?: number },
    during: readonly During[] = [],
  ): Promise<void> {
    const parts = { source: this.#source(during), sink: this.#sink, cursorStore: this.#store };
    await spanExporter(parts, { id: 'traces', pageSize: 3 }).run(options);
  }

  async #crash(fault: { readonly at: number; readonly mode: FaultMode }): Promise<void> {
    const plan = faultPlan({ at: fault.at, mode: fault.mode });
    const parts = {
      source: faulty(this.#source(), plan),
      sink: faulty(this.#sink, plan),
      cursorStore: faulty(this.#store, plan),
    };
    // Whether it fails is up to the fault; what matters is what stands at the end.
    await spanExporter(parts, { id: 'traces', pageSize: 3 })
      .run()
      .catch(() => undefined);
  }
}

describe('any history of traces, with runs, limits and crashes between', () => {
  it('is exported with the latest version of every trace, and no version twice', async () => {
    const options = fc.record({
      spans: fc.boolean(),
      maxOpenMs: fc.constantFrom(60_000, 3_600_000, Infinity),
      refuseSecondSortKey: fc.boolean(),
    });
    const steps = fc.array(step, { minLength: 3, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(steps, options, async (history, chosen) => {
        const world = await startWorld();
        try {
          await new Story(world, chosen).play(history);
        } finally {
          await world.plane.close();
        }
      }),
      {
        seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
        numRuns: Number(process.env['EXPORT_RUNS'] ?? 40),
        endOnFailure: false,
      },
    );
  });
});
