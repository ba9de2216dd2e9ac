import type {
  Hold,
  OperationOptions,
  RetentionScope,
  TargetReader,
  UnitPage,
} from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import type { AgeScope } from '../decide/judge.js';
import { type MarkBounds, writtenBefore } from '../decide/cutoff.js';
import { presentHolds } from '../holds.js';
import { readExportState } from '../proof/export-state.js';
import { type Proof, type ProofFloor, openProof } from '../proof/proof.js';
import type { PolicySettings } from '../settings.js';
import { hasContent } from './tally.js';
import { UnitJudge, type Verdict } from './verdicts.js';

/** What a plan and a sweep have in common: the target with a scope, the holds of now, and the proof. */
export interface Scan {
  readonly scope: RetentionScope;
  readonly ages: AgeScope;
  readonly reader: TargetReader;
  readonly holds: readonly Hold[];
  readonly proof: Proof | null;
}

/** Asks for the holds and opens the target. */
export async function openTarget(
  settings: PolicySettings,
  bounds: MarkBounds,
  options: OperationOptions,
): Promise<Omit<Scan, 'proof'>> {
  const { target, unit } = settings;
  const holds = await presentHolds(settings.holds, options);
  const before = writtenBefore(unit, bounds);
  const scope: RetentionScope = { unit, cutoff: bounds.cutoff, before, holds };
  const reader = await target.open(scope, options);
  const ages = { cutoff: scope.cutoff, versionBound: target.versionAt(before) };
  return { scope, ages, reader, holds };
}

/** Opens the proof that a policy asks for; `null` when it asks for none. */
export async function openPolicyProof(
  settings: PolicySettings,
  floor: ProofFloor | null,
  options: OperationOptions,
): Promise<Proof | null> {
  const { proof, target, runtime, policyId } = settings;
  if (proof === null) return null;
  const sourceProblem = target.proofProblem.bind(target);
  const state = await readExportState(proof, options);
  const opening = { ...proof, runtime, policyId, sourceProblem, state };
  return await openProof(opening, { from: floor }, options);
}

/** A page of units and what becomes of them. */
export interface JudgedPage {
  readonly page: UnitPage;
  readonly verdicts: readonly Verdict[];
  /** What the rows that may go take in the export's objects, in bytes, on average. */
  readonly archivedBytes: number;
}

/** The units from a cursor on, judged page by page. */
export async function* judgedPages(
  scan: Scan,
  from: {
    readonly cursor: string | null;
    readonly policyId: string;
    readonly markId: string | null;
  },
  options: OperationOptions,
): AsyncGenerator<JudgedPage, void, undefined> {
  for await (const page of scan.reader.units(from.cursor, options)) {
    const units = page.units.filter((unit) => hasContent(unit));
    const judge = new UnitJudge(scan.ages, scan.proof);
    const verdicts = await judge.judge(units, options);
    emit(options.observer, {
      type: 'units-judge',
      policyId: from.policyId,
      markId: from.markId,
      units: verdicts.length,
      rows: rowsOf(verdicts),
      keptRows: rowsOf(verdicts.filter(({ reason }) => reason !== null)),
    });
    yield { page, verdicts, archivedBytes: archivedBytes(verdicts, judge) };
  }
}

function rowsOf(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { unit }) => sum + unit.rows.length, 0);
}

function archivedBytes(verdicts: readonly Verdict[], judge: UnitJudge): number {
  let bytes = 0;
  for (const { unit, reason } of verdicts) {
    for (const row of reason === null ? unit.rows : []) {
      const archive = judge.archiveOf(row);
      if (archive !== null) bytes += archive.bytes / archive.rows;
    }
  }
  return bytes;
}
