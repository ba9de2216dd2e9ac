import { type SweepContext, saveSweep } from './context.js';
import { Tally, sumKept } from './tally.js';
import type { Verdict } from './verdicts.js';

/** What stays, noted together with the cursor that passes over it, so that a run that resumes counts it once. */
export class KeptNotes {
  readonly #context: SweepContext;
  #tally: Tally;
  #lowest: string | null = null;

  constructor(context: SweepContext) {
    this.#context = context;
    this.#tally = new Tally(context.scan.holds);
  }

  add(verdict: Verdict): void {
    this.#tally.add(verdict);
    for (const { version } of verdict.unit.rows) this.#lowest = lower(this.#lowest, version);
  }

  /** Saves what was noted, and the place up to which it was. */
  async save(cursor: string | null): Promise<void> {
    const { kept } = this.#tally;
    const lowest = this.#lowest;
    this.#tally = new Tally(this.#context.scan.holds);
    this.#lowest = null;
    await saveSweep(this.#context, (sweep) => ({
      ...sweep,
      cursor,
      kept: sumKept(sweep.kept, kept),
      lowestKept: lower(sweep.lowestKept, lowest),
    }));
  }
}

function lower(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return left < right ? left : right;
}
