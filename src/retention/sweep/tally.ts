import type { Hold, TargetUnit } from '../../interfaces/index.js';
import { parseIsoDate } from '../../util/iso-date.js';
import { type KeptReason, heldBy } from '../decide/judge.js';
import { holdName } from '../holds.js';
import type { Counts, KeptCounts } from '../policy-document.js';
import type { Verdict } from './verdicts.js';

const SAMPLES = 10;
const DAY_CHARACTERS = 10;

/** A unit as an example: its id, never its content. */
export interface UnitSample {
  readonly id: string;
  readonly rows: number;
  /** Why it stays, or `null`. */
  readonly reason: KeptReason | null;
}

/** Sums over the units of a scan. */
export class Tally {
  readonly #holds: readonly Hold[];
  readonly #kept = new Map<KeptReason, Counts>();
  readonly #held = new Map<string, Counts>();
  readonly #days = new Map<string, number>();
  readonly #samples: UnitSample[] = [];
  #go: Counts = { units: 0, rows: 0 };
  #oldest: string | null = null;
  #newest: string | null = null;

  constructor(holds: readonly Hold[]) {
    this.#holds = holds;
  }

  /** What may go. */
  get go(): Counts {
    return this.#go;
  }

  /** What stays, by the reason. */
  get kept(): KeptCounts {
    return Object.fromEntries(this.#kept);
  }

  /** What is exempt, by the names of the holds; a unit counts for each of its holds. */
  get held(): Readonly<Record<string, Counts>> {
    return Object.fromEntries(this.#held);
  }

  /** Rows that may go, by the UTC day of their creation, ascending. */
  get days(): readonly { readonly day: string; readonly count: number }[] {
    const days = [...this.#days.keys()].sort();
    return days.map((day) => ({ day, count: this.#days.get(day) ?? 0 }));
  }

  /** Creation time of the oldest and the newest row that may go. */
  get oldest(): string | null {
    return this.#oldest;
  }

  get newest(): string | null {
    return this.#newest;
  }

  /** Some units that may go, then some that stay. */
  get samples(): readonly UnitSample[] {
    return this.#samples;
  }

  add({ unit, reason }: Verdict): void {
    const rows = unit.rows.length;
    if (reason === null) {
      this.#go = plus(this.#go, rows);
      for (const { created } of unit.rows) this.#addDay(created);
    } else {
      this.#kept.set(reason, plus(this.#kept.get(reason), rows));
      for (const place of reason === 'on-hold' ? heldBy(unit) : []) this.#addHeld(place, rows);
    }
    const alike = this.#samples.filter((sample) => (sample.reason === null) === (reason === null));
    if (alike.length < SAMPLES) this.#samples.push({ id: unit.id, rows, reason });
  }

  #addHeld(place: number, rows: number): void {
    const hold = this.#holds[place];
    if (hold === undefined) return;
    const name = holdName(hold, place);
    this.#held.set(name, plus(this.#held.get(name), rows));
  }

  #addDay(created: string | null): void {
    const time = created === null ? null : parseIsoDate(created);
    if (time === null) return;
    const text = time.toISOString();
    const day = text.slice(0, DAY_CHARACTERS);
    this.#days.set(day, (this.#days.get(day) ?? 0) + 1);
    if (this.#oldest === null || text < this.#oldest) this.#oldest = text;
    if (this.#newest === null || text > this.#newest) this.#newest = text;
  }
}

/** One more unit of so many rows. */
export function plus(counts: Counts | undefined, rows: number): Counts {
  return { units: (counts?.units ?? 0) + 1, rows: (counts?.rows ?? 0) + rows };
}

/** The sum of two counts by reason. */
export function sumKept(left: KeptCounts, right: KeptCounts): KeptCounts {
  const reasons = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<KeptReason>;
  return Object.fromEntries(
    [...reasons].map((reason) => {
      const units = (left[reason]?.units ?? 0) + (right[reason]?.units ?? 0);
      return [reason, { units, rows: (left[reason]?.rows ?? 0) + (right[reason]?.rows ?? 0) }];
    }),
  );
}

/** Rows of all units that stay. */
export function keptRows(kept: KeptCounts): number {
  return Object.values(kept).reduce((sum, { rows }) => sum + rows, 0);
}

/** Units that have anything to delete. */
export function hasContent({ rows, object }: TargetUnit): boolean {
  return rows.length > 0 || object !== null;
}
