import type { Survey } from '../../interfaces/index.js';
import type { Experiment } from './experiment-list.js';

const DAY_CHARACTERS = 10;

/**
 * Counts experiments, and those of them that were created before a time. One whose creation time cannot be read is a
 * candidate, too, but of no day.
 * @param experiments oldest first.
 */
export function surveyExperiments(experiments: readonly Experiment[], cutoff: Date): Survey {
  const candidates = experiments.filter(({ createdMs }) => createdMs < cutoff.getTime());
  const dated = candidates.filter(({ createdMs }) => createdMs !== 0);
  const days = new Map<string, number>();
  for (const { createdMs } of dated) {
    const day = new Date(createdMs).toISOString().slice(0, DAY_CHARACTERS);
    days.set(day, (days.get(day) ?? 0) + 1);
  }
  return {
    of: 'experiments',
    existing: experiments.length,
    candidates: candidates.length,
    days: [...days].map(([day, count]) => ({ day, count })),
    oldest: dated[0]?.created ?? null,
    newest: dated.at(-1)?.created ?? null,
  };
}
