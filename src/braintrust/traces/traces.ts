import type { Json, OperationOptions, ProbeStep, Source } from '../../interfaces/index.js';
import { projectScope } from '../projects/project-scope.js';
import { PageSize } from '../query/page-size.js';
import type { ObjectScope } from '../records/object-scope.js';
import { PROJECT_LOGS } from '../records/record-kind.js';
import { isOneOf, recordsQuery } from '../records/records-query.js';
import type { ScanRange } from '../records/records-query.js';
import { tried } from '../records/records-probe.js';
import { recordsSource } from '../records/records-source.js';
import type { ScanContext, ScannedPage, WindowScan } from '../records/window-scan.js';
import { isInSweep, isSweepDue, restlessTraces } from './restless-traces.js';
import { settledTraces } from './settled-traces.js';
import { LIMIT_MAX } from './trace-queries.js';
import { TracePace } from './trace-pace.js';
import { readTracesOptions, TRACE_IDENTITY } from './traces-options.js';
import type { TracesSettings, TracesSourceOptions } from './traces-options.js';

/** Most projects that share one query. */
const PROJECTS_PER_QUERY = 25;

/**
 * The traces of one or more projects, one row each, in the order of their last change: the service's summary with
 * scores, token counts and cost, and the full input, output and metadata of the root. `_xact_id` is the highest of
 * the trace's spans; a trace that changes later comes again as a new version.
 *
 * A trace is given once none of its spans has changed for `idleMs`; one that never rests is given as it is within
 * `maxOpenMs`. Nothing is kept of traces between reads: whatever the order and the time in which their spans come,
 * the change that comes last brings the trace. Reads begin and end as those of `spansSource` do.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function tracesSource(options: TracesSourceOptions): Source {
  const settings = readTracesOptions(options);
  const { client, projectIds, from, until, settleMs, idleMs } = settings;
  const { lookbackSeconds, retentionSeconds, onProjectError } = settings;
  const scope = projectScope(client, settings.projects);
  const source = recordsSource(
    { name: 'braintrust-traces', identity: identityOf(settings), rowIdentity: TRACE_IDENTITY },
    {
      client,
      kind: PROJECT_LOGS,
      shape: 'spans',
      objectIds: projectIds,
      scope,
      select: undefined,
      filter: undefined,
      parameters: {},
      from,
      until,
      settleMs: settleMs + idleMs,
      lookbackSeconds,
      retentionSeconds,
      cursorFormat: { name: 'traces', version: 1, objects: 'projects' },
      objectsPerQuery: PROJECTS_PER_QUERY,
      onObjectError: onProjectError,
      scan: tracesScan(settings),
    },
  );
  return Object.freeze<Source>({
    ...source,
    probe: async function* probe(operation = {}) {
      yield* source.probe?.(operation) ?? [];
      yield await summaryStep(settings, scope, operation);
    },
  });
}

async function summaryStep(
  { client, filter, projectIds }: Readonly<TracesSettings>,
  scope: ObjectScope | undefined,
  operation: OperationOptions,
): Promise<ProbeStep> {
  return await tried('summary', operation, async () => {
    const found =
      scope === undefined ? projectIds : (await scope.find(new Map(), operation)).objectIds;
    await client.query(summaryQuery(found[0] ?? '', filter), operation);
    return `Braintrust gives summaries of traces${filter === undefined ? '' : ' and accepts the filter'}.`;
  });
}

/** Finds no trace: for the right to ask, the shape and the filter. */
function summaryQuery(projectId: string, filter: string | undefined): Json {
  return recordsQuery({
    kind: PROJECT_LOGS,
    shape: 'summary',
    objectIds: [projectId],
    select: undefined,
    filter: textFilter(filter),
    conditions: [isOneOf('root_span_id', ['-'])],
    sort: [],
    limit: 1,
    previewLength: -1,
  });
}

function tracesScan(settings: Readonly<TracesSettings>): WindowScan {
  const { filter, spans, settleMs, idleMs, lookbackSeconds, maxOpenSeconds, until } = settings;
  const plan = {
    everySeconds: maxOpenSeconds / 2,
    lookbackSeconds,
    restSeconds: (settleMs + idleMs) / 1_000,
  };
  return async function* scan(
    context: ScanContext,
    window: ScanRange,
  ): AsyncGenerator<ScannedPage> {
    const pace = new TracePace();
    const reading = { filter: textFilter(filter), spans, until: window.until, pace };
    const searchSize = new PageSize(LIMIT_MAX);
    const traces = { context, window, reading, pageSize: context.pageSize.rows, searchSize };
    if (!isInSweep(window)) yield* settledTraces(traces);
    // Behind `until` lies what is not wanted: a trace that goes on there belongs to another export.
    if (window.until < until && isSweepDue(window, plan)) yield* restlessTraces(traces, plan);
  };
}

function textFilter(filter: string | undefined): Json | undefined {
  return filter === undefined ? undefined : { btql: filter };
}

function identityOf(settings: Readonly<TracesSettings>): Json {
  const { client, filter, from, until, spans } = settings;
  return { apiUrl: client.apiUrl, filter: filter ?? null, from, until, spans };
}
