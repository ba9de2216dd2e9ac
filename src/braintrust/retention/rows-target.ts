import { assert } from '../../errors/index.js';
import type {
  Json,
  OperationOptions,
  RetentionScope,
  RetentionTarget,
  RetentionUnit,
  TargetReader,
} from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import { xactIdAt } from '../query/xact.js';
import type { RecordKind } from '../records/record-kind.js';
import { noClockError } from '../records/records-failures.js';
import { holdRules, referencesWanted } from './holds.js';
import { probeRowsTarget } from './probe-rows-target.js';
import { findReferences } from './references.js';
import type { OriginType, References } from './references.js';
import type { RetainedRow } from './retained-row.js';
import { rowsReader } from './rows-reader.js';
import { sourceProblem } from './source-problem.js';
import { secondOf } from './target-settings.js';

/** The members of a client that a target needs. */
export const TARGET_CLIENT: readonly string[] = ['apiUrl', 'query', 'get', 'send', 'reserve'];

/** The objects whose rows a target deletes, as they are now. */
export interface RowObjects {
  /** Ascending, without duplicates. */
  readonly objectIds: readonly string[];
  /** The projects that hold them: others that refer to their rows are looked for there. */
  readonly projectIds: readonly string[];
}

/** What makes a target of rows one of project logs or of datasets. */
export interface RowsTargetSettings {
  readonly name: string;
  readonly identity: Json;
  readonly units: readonly RetentionUnit[];
  readonly objectId: string | null;
  readonly client: BraintrustClient;
  readonly kind: RecordKind;
  /** What `origin` calls the objects. */
  readonly originType: OriginType;
  /** Name of the source that reads such rows. */
  readonly sourceName: string;
  readonly rowUnitId: (row: RetainedRow) => string;
  findObjects(operation: OperationOptions): Promise<RowObjects>;
  /** The plane's clock; `null` when it does not tell. */
  askClock(operation: OperationOptions): Promise<Date | null>;
}

/** A target of rows in objects that stay. */
export function rowsTarget(settings: RowsTargetSettings): RetentionTarget {
  const { name, identity, units, objectId, client, sourceName } = settings;
  return Object.freeze<RetentionTarget>({
    name,
    identity,
    units,
    objectId,
    proofProblem: (source) => sourceProblem(source, { name: sourceName, apiUrl: client.apiUrl }),
    versionAt: (date) => xactIdAt(secondOf(date)),
    now: async (operation) => {
      const now = await settings.askClock(operation);
      if (now === null) throw noClockError();
      return now;
    },
    open: (scope, operation) => openReader(settings, scope, operation),
    probe: (holds, operation) => probeRowsTarget(settings, holds, operation),
  });
}

async function openReader(
  settings: RowsTargetSettings,
  scope: RetentionScope,
  operation: OperationOptions,
): Promise<TargetReader> {
  operation.signal?.throwIfAborted();
  const { name, units, client, kind, originType, rowUnitId } = settings;
  assert(units.includes(scope.unit), `${name} has no unit '${scope.unit}'`);
  // What is wrong with a filter is told before anything is asked.
  holdRules(scope.holds, () => false);
  const { objectIds, projectIds } = await settings.findObjects(operation);
  const by = referencesWanted(scope.holds);
  const found: References[] = [];
  if (by.length > 0)
    for (const projectId of projectIds)
      found.push(await findReferences(client, { projectId, by, to: originType }, operation));
  const holds = holdRules(scope.holds, (row) =>
    found.some((references) => references.hasRow(originType, row.objectId, row.id)),
  );
  return rowsReader({ client, kind, objectIds, scope, holds, rowUnitId });
}
