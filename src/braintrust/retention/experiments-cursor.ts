import { cursorError, damaged, text } from '../records/cursor-values.js';
import type { Experiment } from './experiment-list.js';

/** The place after an experiment, in the order of age. */
export type ExperimentPlace = Pick<Experiment, 'createdMs' | 'id'>;

const VERSION = 1;

export function writePlace({ createdMs, id }: ExperimentPlace): string {
  return JSON.stringify({ retainedExperiments: VERSION, createdMs, id });
}

/** @throws SourceError `SOURCE_CURSOR_INVALID`. */
export function readPlace(cursor: string | null): ExperimentPlace | null {
  if (cursor === null) return null;
  const { retainedExperiments, createdMs, id } = parse(cursor);
  if (retainedExperiments !== VERSION) throw cursorError('belongs to another target');
  if (!Number.isInteger(createdMs)) throw damaged();
  return { createdMs: createdMs as number, id: text(id) };
}

function parse(cursor: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw cursorError('is not a cursor of experiments to delete');
}
