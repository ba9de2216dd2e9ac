import fc from 'fast-check';
import { describe, it } from 'vitest';

import type { CursorStore } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type FaultMode, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import { assertSpansExactlyOnce, spanExporter } from '../support/span-export.js';
import { type SpansWorld, startWorld } from '../support/spans.js';

const ROWS = 12;
/** Longer than the settle delay, shorter than the lookback. */
const LATE_SECONDS_MAX = 500;

/** One thing that happens to a project or its export. */
type Step =
  | { readonly kind: 'insert'; readonly rows: readonly number[] }
  | { readonly kind: 'merge'; readonly row: number }
  | { readonly kind: 'delete'; readonly row: number }
  | { readonly kind: 'hold'; readonly rows: readonly number[] }
  | { readonly kind: 'surface' }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'run'; readonly maxRows: number }
  | { readonly kind: 'crash'; readonly at: number; readonly mode: FaultMode };

const row = fc.nat(ROWS - 1);
const rows = fc.array(row, { minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), rows }),
  fc.record({ kind: fc.constant('merge' as const), row }),
  fc.record({ kind: fc.constant('delete' as const), row }),
  fc.record({ kind: fc.constant('hold' as const), rows }),
  fc.record({ kind: fc.constant('surface' as const) }),
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(300) }),
  fc.record({ kind: fc.constant('run' as const), maxRows: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    kind: fc.constant('crash' as const),
    at: fc.integer({ min: 1, max: 60 }),
    mode: fc.constantFrom<FaultMode>('before', 'after', 'crash-before', 'crash-after'),
  }),
);

class Story {
  readonly #world: SpansWorld;
  readonly #projectIds: readonly string[];
  readonly #sink: MemorySink = memorySink();
  readonly #store: CursorStore = memoryCursorStore();
  /** Seconds since the oldest transaction was held back. */
  #heldFor = 0;
  #held = false;

  constructor(world: SpansWorld) {
    this.#world = world;
    this.#projectIds = ['one', 'two'].map((name) => world.plane.createProject(name).id);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#do(one);
    this.#surface();
    this.#world.pass(200);
    await this.#run({});
    await this.#run({});
    await assertSpansExactlyOnce(this.#sink, this.#world.plane, this.#projectIds);
  }

  async #do(one: Step): Promise<void> {
    if (one.kind === 'insert') this.#write(one.rows, {});
    if (one.kind === 'merge') this.#write([one.row], { _is_merge: true });
    if (one.kind === 'delete') this.#write([one.row], { _object_delete: true });
    if (one.kind === 'hold') this.#hold(one.rows);
    if (one.kind === 'surface') this.#surface();
    if (one.kind === 'pass') this.#pass(one.seconds);
    if (one.kind === 'run') await this.#run({ maxRows: one.maxRows });
    if (one.kind === 'crash') await this.#crash(one);
  }

  #write(numbers: readonly number[], extra: Record<string, unknown>, held = false): void {
    const unique = [...new Set(numbers)];
    for (const [index, projectId] of this.#projectIds.entries()) {
      const mine = unique.filter((number) => number % 2 === index);
      if (mine.length === 0) continue;
      const events = mine.map((number) => ({ id: `row-${number}`, ...extra }));
      this.#world.plane.insert('project_logs', projectId, events, { held });
    }
  }

  /** A row of its own, so that no later write of it overtakes it. */
  #hold(numbers: readonly number[]): void {
    if (!this.#held) this.#heldFor = 0;
    this.#held = true;
    const numbered = numbers.map(
      (number) => number + 1_000 * (this.#world.plane.history.length + 1),
    );
    this.#write(numbered, {}, true);
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

  async #run(options: { readonly maxRows?: number }): Promise<void> {
    const source = this.#world.source({ projectIds: this.#projectIds });
    await spanExporter({ source, sink: this.#sink, cursorStore: this.#store }).run(options);
  }

  async #crash(fault: { readonly at: number; readonly mode: FaultMode }): Promise<void> {
    const plan = faultPlan({ at: fault.at, mode: fault.mode });
    const exporter = spanExporter({
      source: faulty(this.#world.source({ projectIds: this.#projectIds }), plan),
      sink: faulty(this.#sink, plan),
      cursorStore: faulty(this.#store, plan),
    });
    // Whether it fails is up to the fault; what matters is what stands at the end.
    await exporter.run().catch(() => undefined);
  }
}

describe('any interleaving of writes, runs, limits and crashes', () => {
  it('exports the latest version of every row, and none twice', async () => {
    const seed = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const world = await startWorld();
        try {
          await new Story(world).play(steps);
        } finally {
          await world.plane.close();
        }
      }),
      { seed, numRuns: Number(process.env['EXPORT_RUNS'] ?? 40), endOnFailure: false },
    );
  });
});
