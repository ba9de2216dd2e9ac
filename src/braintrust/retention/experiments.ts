import { assert } from '../../errors/index.js';
import type {
  Hold,
  OperationOptions,
  RetentionScope,
  RetentionTarget,
  TargetReader,
} from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { readTexts } from '../projects/project-scope.js';
import { xactIdAt } from '../query/xact.js';
import { getProject } from './experiment-list.js';
import type { Experiment, ExperimentChoice } from './experiment-list.js';
import { probeExperiments } from './experiments-probe.js';
import { ExperimentsReader } from './experiments-reader.js';
import { holdRules, referencesWanted } from './holds.js';
import { findReferences } from './references.js';
import type { References } from './references.js';
import { sourceProblem } from './source-problem.js';
import { secondOf } from './target-settings.js';

/** Options of {@link experiments}. */
export interface ExperimentsOptions {
  /** Deletes with its key, within its request budget. */
  readonly client: BraintrustClient;
  /** Id of the project. */
  readonly projectId: string;
  /** Only these experiments of the project, 500 at most. @defaultValue all of the project */
  readonly experimentIds?: readonly string[] | undefined;
}

const IDS_MAX = 500;
const NOTHING_NAMED: References = { hasRow: () => false, hasObject: () => false };

/**
 * Whole experiments of a project, rows and metadata, by the creation time of the experiment. Its rows go first; then
 * the experiment itself, which the service keeps from everybody's eyes and gives back to nobody.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function experiments(options: ExperimentsOptions): RetentionTarget {
  const choice = readOptions('experiments', options, readChoice);
  const { client, projectId, experimentIds } = choice;
  return Object.freeze<RetentionTarget>({
    name: 'braintrust-experiments',
    identity: { apiUrl: client.apiUrl, projectId, experimentIds },
    units: ['experiment'],
    objectId: null,
    proofProblem: (source) =>
      sourceProblem(source, { name: 'braintrust-experiments', apiUrl: client.apiUrl }),
    versionAt: (date) => xactIdAt(secondOf(date)),
    now: (operation) => getProject(choice, operation),
    open: (scope, operation) => openReader(choice, scope, operation),
    probe: (holds, operation) => probeExperiments(choice, holds, operation),
  });
}

function readChoice(reader: OptionReader): ExperimentChoice {
  const members = ['apiUrl', 'query', 'get', 'send', 'reserve'];
  const ids = reader.has('experimentIds') ? readTexts(reader, 'experimentIds', IDS_MAX) : null;
  return {
    client: reader.adapter<BraintrustClient>('client', members),
    projectId: reader.string('projectId'),
    experimentIds: ids === null ? null : [...new Set(ids)].sort(),
  };
}

async function openReader(
  choice: ExperimentChoice,
  scope: RetentionScope,
  operation: OperationOptions,
): Promise<TargetReader> {
  operation.signal?.throwIfAborted();
  assert(scope.unit === 'experiment', `experiments have no unit '${scope.unit}'`);
  let references = NOTHING_NAMED;
  const { holds } = scope;
  const rules = holdRules(holds, ({ objectId, id }) =>
    references.hasRow('experiment', objectId, id),
  );
  const by = referencesWanted(holds);
  if (by.length > 0) {
    const search = { projectId: choice.projectId, by, to: 'experiment' } as const;
    references = await findReferences(choice.client, search, operation);
  }
  const objectHeldBy = ({ id, tags }: Experiment): readonly number[] =>
    holds.flatMap((hold, place) => (isHeld(hold, { id, tags }, references) ? [place] : []));
  return new ExperimentsReader({ choice, scope, holds: rules, objectHeldBy });
}

/** Whether a hold exempts an experiment by itself; those by filter ask its rows only. */
function isHeld(
  hold: Hold,
  { id, tags }: Pick<Experiment, 'id' | 'tags'>,
  references: References,
): boolean {
  if ('ids' in hold) return hold.ids.includes(id);
  if ('tags' in hold) return tags.some((tag) => hold.tags.includes(tag));
  return 'referencedBy' in hold && references.hasObject(id);
}
