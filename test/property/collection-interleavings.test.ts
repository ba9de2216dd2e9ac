import fc from 'fast-check';
import { describe, it } from 'vitest';

import { datasetsSource } from '../../src/braintrust/datasets/datasets.js';
import { experimentsSource } from '../../src/braintrust/experiments/experiments.js';
import type { CursorStore, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type FaultMode, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import type { CollectionType } from '../support/collections-fixture.js';
import { assertRowsExactlyOnce, spanExporter } from '../support/span-export.js';
import { type SpansWorld, startWorld } from '../support/spans.js';

const ROWS = 6;
/** Longer than the settle delay, shorter than the lookback. */
const LATE_SECONDS_MAX = 500;

/** One thing that happens to the experiments or datasets of a project, or to their export. */
type Step =
  | { readonly kind: 'make' }
  | { readonly kind: 'remove'; readonly object: number }
  | {
      readonly kind: 'write';
      readonly object: number;
      readonly rows: readonly number[];
      readonly how: 'insert' | 'merge' | 'delete' | 'hold';
    }
  | { readonly kind: 'surface' }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'run'; readonly maxRows: number }
  | { readonly kind: 'crash'; readonly at: number; readonly mode: FaultMode };

const object = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('make' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), object }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      object,
      rows: fc.array(fc.nat(ROWS - 1), { minLength: 1, maxLength: 6 }),
      how: fc.constantFrom('insert' as const, 'insert' as const, 'merge', 'delete', 'hold'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('surface' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(300) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      maxRows: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      at: fc.integer({ min: 1, max: 60 }),
      mode: fc.constantFrom<FaultMode>('before', 'after', 'crash-before', 'crash-after'),
    }),
  },
);

class Story {
  readonly #world: SpansWorld;
  readonly #type: CollectionType;
  readonly #projectId: string;
  readonly #ids: string[] = [];
  readonly #sink: MemorySink = memorySink();
  readonly #store: CursorStore = memoryCursorStore();
  #heldFor: number | null = null;
  #held = 0;

  constructor(world: SpansWorld, type: CollectionType) {
    this.#world = world;
    this.#type = type;
    this.#projectId = world.plane.createProject('evals').id;
    for (let made = 0; made < 2; made += 1) this.#make();
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#do(one);
    this.#surface();
    this.#world.pass(200);
    await this.#run({});
    await this.#run({});
    const identity = { object: `${this.#type}_id`, id: 'id', version: '_xact_id' };
    const objects = this.#ids.map((id) => ({ type: this.#type, id }));
    await assertRowsExactlyOnce({ sink: this.#sink, plane: this.#world.plane, identity, objects });
  }

  async #do(one: Step): Promise<void> {
    if (one.kind === 'make') this.#make();
    if (one.kind === 'remove') this.#remove(one.object);
    if (one.kind === 'write') this.#write(one);
    if (one.kind === 'surface') this.#surface();
    if (one.kind === 'pass') this.#pass(one.seconds);
    if (one.kind === 'run') await this.#run({ maxRows: one.maxRows });
    if (one.kind === 'crash') await this.#crash(one);
  }

  #make(): void {
    const { plane } = this.#world;
    const name = `number ${plane.history.length}`;
    const made =
      this.#type === 'experiment'
        ? plane.createExperiment(this.#projectId, name)
        : plane.createDataset(this.#projectId, name);
    this.#ids.push(made.id);
  }

  #remove(number: number): void {
    const [id] = this.#ids.splice(number % Math.max(1, this.#ids.length), 1);
    if (id !== undefined) this.#world.plane.deleteObject(this.#type, id);
  }

  #write({ object: number, rows, how }: Extract<Step, { kind: 'write' }>): void {
    const id = this.#ids[number % Math.max(1, this.#ids.length)];
    if (id === undefined) return;
    const held = how === 'hold';
    if (held) {
      this.#heldFor ??= 0;
      this.#held += 1;
    }
    const extra = { merge: { _is_merge: true }, delete: { _object_delete: true } };
    const events = [...new Set(rows)].map((row) => ({
      // A held row has an id of its own, so that no later write of it overtakes it.
      id: held ? `held-${this.#held}-${row}` : `row-${row}`,
      ...(how === 'merge' || how === 'delete' ? extra[how] : {}),
    }));
    this.#world.plane.insert(this.#type, id, events, { held });
  }

  #surface(): void {
    this.#world.plane.control.surface();
    this.#heldFor = null;
  }

  #pass(seconds: number): void {
    // Nothing surfaces later than settle delay and lookback together: beyond that lies no promise.
    if (this.#heldFor !== null && this.#heldFor + seconds > LATE_SECONDS_MAX) this.#surface();
    if (this.#heldFor !== null) this.#heldFor += seconds;
    this.#world.pass(seconds);
  }

  #source(): Source {
    const options = { client: this.#world.client, projectName: 'evals', objectsPerQuery: 2 };
    return this.#type === 'experiment' ? experimentsSource(options) : datasetsSource(options);
  }

  async #run(options: { readonly maxRows?: number }): Promise<void> {
    const [sink, cursorStore] = [this.#sink, this.#store];
    await spanExporter({ source: this.#source(), sink, cursorStore }).run(options);
  }

  async #crash(fault: { readonly at: number; readonly mode: FaultMode }): Promise<void> {
    const plan = faultPlan({ at: fault.at, mode: fault.mode });
    const exporter = spanExporter({
      source: faulty(this.#source(), plan),
      sink: faulty(this.#sink, plan),
      cursorStore: faulty(this.#store, plan),
    });
    // Whether it fails is up to the fault; what matters is what stands at the end.
    await exporter.run().catch(() => undefined);
  }
}

describe.each(['experiment', 'dataset'] as const)(
  'any history of every %s of a project',
  (type) => {
    it('is exported in its latest version of every row, and none twice', async () => {
      const seed = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
          const world = await startWorld();
          try {
            await new Story(world, type).play(steps);
          } finally {
            await world.plane.close();
          }
        }),
        { seed, numRuns: Number(process.env['EXPORT_RUNS'] ?? 30), endOnFailure: false },
      );
    });
  },
);
