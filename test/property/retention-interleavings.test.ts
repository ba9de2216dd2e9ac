import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type FaultMode, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { DAY_MS, HOUR_MS } from '../support/policy-world.js';
import { RetentionStory } from '../support/retention-story.js';

const TIMEOUT_MS = 3_600_000;
const TRACES = 5;

/** One thing that happens to a project, its export or its policy. */
type Step =
  | { readonly kind: 'write' | 'late'; readonly trace: number; readonly ageDays: number }
  | { readonly kind: 'touch' | 'hold'; readonly row: number }
  | { readonly kind: 'surface' | 'free' | 'export' | 'policy' }
  | { readonly kind: 'pass'; readonly hours: number }
  | { readonly kind: 'fade'; readonly afterMs: number }
  | { readonly kind: 'lose'; readonly times: number }
  | {
      readonly kind: 'crash';
      readonly run: 'export' | 'policy';
      readonly at: number;
      readonly mode: FaultMode;
    };

const trace = fc.nat(TRACES - 1);
/** What is written as of long ago was never seen by an export that ran before. */
const ageDays = fc.constantFrom(0, 0, 0, 29, 40, 60);
const row = fc.nat(50);
const run = fc.constantFrom('export' as const, 'policy' as const);
const at = fc.integer({ min: 1, max: 70 });
const mode = fc.constantFrom<FaultMode>('before', 'after', 'crash-before', 'crash-after');
const hours = fc.constantFrom(1, 5, 25, 25, 25, 200, 700);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), trace, ageDays }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const), trace, ageDays }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('touch' as const), row }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const), row }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom('surface', 'free', 'export', 'export', 'policy', 'policy', 'policy'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), hours }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fade' as const),
      afterMs: fc.constantFrom(0, 20_000, 70_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('crash' as const), run, at, mode }) },
);

/** Plays steps, then lets everything come to an end. */
class Stage {
  readonly #story: RetentionStory;
  #spans = 0;

  constructor(story: RetentionStory) {
    this.#story = story;
  }

  async play(steps: readonly Step[]): Promise<void> {
    // Without a commit nothing is proven, and no policy runs.
    this.#story.write('first', 40, 1);
    await this.#story.runExport();
    for (const one of steps) await this.#do(one);
    const { world, audit } = this.#story;
    world.plane.control.clear();
    await this.#story.settle();
    await this.#goOn();
    await audit.checkReceipts();
    audit.assertSound();
    await world.plane.close();
  }

  /** What is written by now and may go, goes when it is old enough. */
  async #goOn(): Promise<void> {
    const story = this.#story;
    await story.world.pass(100 * DAY_MS);
    expect(await story.runExport()).toBeNull();
    const expected = await story.mustStay();
    const result = await story.runPolicy();
    if (result instanceof Error) throw result;
    await story.settle();
    expect(story.world.liveIds()).toEqual(expected);
  }

  async #do(one: Step): Promise<void> {
    const story = this.#story;
    const { control } = story.world.plane;
    if (one.kind === 'write' || one.kind === 'late') this.#write(one);
    if (one.kind === 'touch') story.touch(...this.#rowOf(one.row));
    if (one.kind === 'hold') for (const id of this.#rowOf(one.row)) story.heldIds.add(id);
    if (one.kind === 'free') story.heldIds.clear();
    if (one.kind === 'surface') control.surface();
    if (one.kind === 'pass') await story.world.pass(one.hours * HOUR_MS);
    if (one.kind === 'fade') control.delayDeletes({ afterMs: one.afterMs });
    if (one.kind === 'lose') this.#lose(one.times);
    if (one.kind === 'export') await story.runExport();
    if (one.kind === 'policy') await story.runPolicy();
    if (one.kind === 'crash') await this.#crash(one);
  }

  /** A trace with some children, or one more span of a trace that there is. */
  #write(one: { readonly kind: 'write' | 'late'; trace: number; ageDays: number }): void {
    const name = `t${one.trace}`;
    const isNew = !this.#story.writtenIds.includes(`${name}-root`);
    if (isNew && one.kind === 'write') {
      this.#story.write(name, one.ageDays, (one.trace * 3) % 7);
      return;
    }
    this.#spans += 1;
    const id = `${name}-more-${this.#spans}`;
    this.#story.writeSpan(name, { id, ageDays: one.ageDays, held: one.kind === 'late' });
  }

  #rowOf(number: number): readonly string[] {
    const ids = this.#story.world.liveIds();
    const id = ids[number % Math.max(1, ids.length)];
    return id === undefined ? [] : [id];
  }

  #lose(times: number): void {
    for (const id of this.#story.writtenIds) this.#story.lossyIds.add(id);
    this.#story.world.plane.control.loseDeletes({ every: 2, times });
  }

  /** Whether the run fails is up to the fault; what matters is what stands after it. */
  async #crash({ run, at, mode }: Step & { readonly kind: 'crash' }): Promise<void> {
    const process = { plan: faultPlan({ at, mode }) };
    if (run === 'export') await this.#story.runExport(process);
    else await this.#story.runPolicy(process);
    await this.#story.world.pass(HOUR_MS);
  }
}

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const STORIES = Number(process.env['EXPORT_RUNS'] ?? 30);

describe(`any interleaving of writes, holds, runs and crashes (EXPORT_SEED=${SEED})`, () => {
  it(
    'deletes nothing unproven, tells all, and deletes what it may',
    { timeout: TIMEOUT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
          await new Stage(await RetentionStory.start()).play(steps);
        }),
        { seed: SEED, numRuns: STORIES, endOnFailure: false },
      );
    },
  );
});
