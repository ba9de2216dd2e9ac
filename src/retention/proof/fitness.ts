import { RetentionError } from '../../errors/index.js';
import type { Manifest } from '../../exporter/manifest.js';
import type { Json } from '../../interfaces/index.js';

/** Which exports prove anything. */
export interface FitnessSettings {
  /** Rows that were changed before they were written prove the rows that they were made of. */
  readonly allowTransformed: boolean;
  /** Why rows of a source prove nothing, or `null` when they do. */
  sourceProblem(source: Json): string | null;
}

/** Why the objects of a manifest cannot prove rows of the target, as a clause; `null` when they can. */
export function fitnessProblem(manifest: Manifest, settings: FitnessSettings): string | null {
  const { source, transformed } = manifest;
  if (source === undefined || source === null) return 'it does not say where its rows come from';
  const problem = settings.sourceProblem(source);
  if (problem !== null) return `its source ${problem}`;
  if (settings.allowTransformed) return null;
  if (transformed === true) return 'its rows were changed by a transform';
  if (transformed !== false) return 'it does not say whether its rows were changed';
  if (manifest.objects.some(({ format }) => format === 'csv'))
    return 'its objects are CSV, which leaves columns out';
  return null;
}

/** The error for a manifest that cannot prove rows of the target. */
export function unfit(manifestKey: string, problem: string): RetentionError {
  return new RetentionError(
    'PROOF_UNFIT',
    `The manifest ${manifestKey} proves nothing about the rows to be deleted: ${problem}.`,
    {
      remedy:
        'Export everything unchanged under an id of its own and name that one; or set allowTransformed where only the form of the rows differs.',
      details: { key: manifestKey },
    },
  );
}
