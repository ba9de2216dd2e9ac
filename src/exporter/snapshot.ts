import { RunError } from '../errors/index.js';
import type { FitReason } from './roll.js';
import type { ExporterSettings } from './settings.js';

/** What a run says that ended before its snapshot was whole. */
export const UNFINISHED_SNAPSHOT: string =
  'The time of the run was up before the whole result was read: nothing of it was committed. Raise `maxDurationMs`.';

/** A result that does not fit into one commit; `reason` is what it exceeds. */
export function snapshotTooLarge(reason: FitReason, settings: ExporterSettings): RunError {
  const { keys, limits } = settings;
  const [what, remedy] =
    reason === 'partitions'
      ? [
          `has rows of more than ${keys.maxOpenPartitions} partitions`,
          'Raise maxOpenPartitions, or partition by a field of fewer values.',
        ]
      : reason === 'commit-rows'
        ? [
            `has more than ${limits.commitMaxRows} rows`,
            'Raise limits.commitMaxRows (16 bytes of memory a row), or narrow the query.',
          ]
        : ['has more rows than the run may export', 'Raise `maxRows`, or narrow the query.'];
  return new RunError(
    'LIMIT_EXCEEDED',
    `The result ${what}, and it is committed whole or not at all: nothing of it was committed.`,
    { remedy },
  );
}
