import type { OperationOptions, TargetRow, TargetUnit } from '../../interfaces/index.js';
import { type AgeScope, type KeptReason, keptReason } from '../decide/judge.js';
import type { ArchivedIn, Proof, RowProof } from '../proof/proof.js';

/** What becomes of a unit. */
export interface Verdict {
  readonly unit: TargetUnit;
  /** Why it stays; `null` when it may go. */
  readonly reason: KeptReason | null;
}

/** Judges units: by age, bound and holds first, then by the proof of every row. */
export class UnitJudge {
  readonly #scope: AgeScope;
  readonly #proof: Proof | null;
  /** What was found out about row versions, so that a batch that is read again needs no second look. */
  readonly #known = new Map<string, RowProof>();

  /** @param proof what proves rows, or `null` when none is asked for. */
  constructor(scope: AgeScope, proof: Proof | null) {
    this.#scope = scope;
    this.#proof = proof;
  }

  /** The verdicts in the order of the units. A unit without rows and object has nothing that could go. */
  async judge(
    units: readonly TargetUnit[],
    options: OperationOptions,
  ): Promise<readonly Verdict[]> {
    const verdicts = units.map((unit) => ({ unit, reason: keptReason(unit, this.#scope) }));
    const proof = this.#proof;
    if (proof === null) return verdicts;
    const open = verdicts.filter(({ reason }) => reason === null).flatMap(({ unit }) => unit.rows);
    await this.#prove(open, proof, options);
    return verdicts.map(({ unit, reason }) => ({
      unit,
      reason: reason ?? this.#unprovenReason(unit),
    }));
  }

  /** The object that holds the version of a row; `null` without proof, or when the row was not judged. */
  archiveOf(row: TargetRow): ArchivedIn | null {
    const found = this.#known.get(nameOf(row));
    return found?.state === 'proven' ? found.archive : null;
  }

  async #prove(rows: readonly TargetRow[], proof: Proof, options: OperationOptions): Promise<void> {
    const unknown = rows.filter((row) => !this.#known.has(nameOf(row))).sort(byVersion);
    if (unknown.length === 0) return;
    const proofs = await proof.prove(unknown, options);
    unknown.forEach((row, place) => {
      const found = proofs[place];
      if (found !== undefined) this.#known.set(nameOf(row), found);
    });
  }

  #unprovenReason(unit: TargetUnit): KeptReason | null {
    for (const row of unit.rows) {
      const found = this.#known.get(nameOf(row));
      if (found === undefined) return 'not-exported';
      if (found.state === 'unproven') return found.why;
    }
    return null;
  }
}

function nameOf({ objectId, id, version }: TargetRow): string {
  return `${objectId.length}:${objectId}${version} ${id}`;
}

function byVersion(left: TargetRow, right: TargetRow): number {
  if (left.version === right.version) return 0;
  return left.version < right.version ? -1 : 1;
}
