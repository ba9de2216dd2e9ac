import { tracesSource } from '../../src/braintrust/traces/traces.js';
import type { TracesSourceOptions } from '../../src/braintrust/traces/traces-options.js';
import type { Page, Row, Source } from '../../src/interfaces/index.js';
import type { SourceFixture } from '../../src/testing/contracts/source-contract.js';
import { rowsOf, startWorld } from './spans.js';
import type { SpansWorld } from './spans.js';

/** One span to be written. The first of a trace, whose `span` is the trace's name, is its root. */
export interface SpanWrite {
  readonly trace: string;
  readonly span: string;
  readonly [field: string]: unknown;
}

/** Writes spans as one transaction. */
export function writeSpans(
  world: SpansWorld,
  projectId: string,
  spans: readonly SpanWrite[],
): void {
  const events = spans.map(({ trace, span, ...more }) => ({
    id: `${trace}/${span}`,
    span_id: span === trace ? trace : `${trace}/${span}`,
    root_span_id: trace,
    ...(span !== trace && { span_parents: [trace] }),
    ...more,
  }));
  world.plane.insert('project_logs', projectId, events);
}

export function traces(world: SpansWorld, options: Partial<TracesSourceOptions>): Source {
  return tracesSource({ client: world.client, ...options });
}

/** `root_span_id@_xact_id` of every row. */
export function traceVersionsOf(pages: readonly Page[]): string[] {
  return pages
    .flatMap(rowsOf)
    .map((row) => `${String(row['root_span_id'])}@${String(row['_xact_id'])}`);
}

/** `root_span_id@highest _xact_id` of every trace that the plane shows. */
export function liveTracesOf(world: SpansWorld, projectId: string): string[] {
  const highest = new Map<string, string>();
  for (const row of world.plane.liveRows('project_logs', projectId)) {
    const [trace, version] = [String(row['root_span_id']), String(row['_xact_id'])];
    if (version > (highest.get(trace) ?? '')) highest.set(trace, version);
  }
  return [...highest].map(([trace, version]) => `${trace}@${version}`);
}

/** The traces of a project as their rows should be, from the plane's own summaries and live spans. */
export async function traceRowsOf(
  world: SpansWorld,
  projectId: string,
  withSpans: boolean,
): Promise<readonly Row[]> {
  const query = `select: * | from: project_logs('${projectId}') summary | filter: created > '1970-01-01' | preview_length: -1 | limit: 1000`;
  const { rows } = await world.client.query(query);
  const summaries = new Map(rows.objects().map((row) => [row['root_span_id'], row]));
  const spansOf = new Map<string, Row[]>();
  for (const span of world.plane.liveRows('project_logs', projectId)) {
    const trace = String(span['root_span_id']);
    spansOf.set(trace, [...(spansOf.get(trace) ?? []), span]);
  }
  return [...spansOf].map(([trace, unordered]) => {
    const spans = unordered.toSorted(
      (a, b) => compare(a['created'], b['created']) || compare(a['id'], b['id']),
    );
    const versions = spans.map((span) => String(span['_xact_id'])).sort();
    return {
      ...(summaries.get(trace) ?? { id: null, created: spans[0]?.['created'] }),
      project_id: projectId,
      root_span_id: trace,
      _xact_id: versions.at(-1),
      ...(withSpans && { spans }),
    };
  });
}

function compare(left: unknown, right: unknown): number {
  return String(left) < String(right) ? -1 : Number(String(left) > String(right));
}

export interface TracesFixtureOptions {
  readonly refuseSecondSortKey?: boolean;
  readonly projects?: number;
}

/** Traces of one to four spans that were written in several transactions, mixed with those of other traces. */
export async function tracesFixture(
  count: number,
  options: TracesFixtureOptions = {},
): Promise<SourceFixture> {
  const world = await startWorld();
  world.plane.control.refuseSecondSortKey(options.refuseSecondSortKey ?? false);
  const projectIds = Array.from(
    { length: options.projects ?? 1 },
    (_, index) => world.plane.createProject(`project ${index}`).id,
  );
  let added = 0;
  const add = (traceCount: number): void => {
    const names = Array.from({ length: traceCount }, () => `trace-${(added += 1)}`);
    for (const part of [0, 1, 2, 3]) {
      for (const [index, projectId] of projectIds.entries()) {
        const mine = names.filter((_, at) => at % projectIds.length === index && at % 4 >= part);
        const spans = mine.map((trace) => ({ trace, span: part === 0 ? trace : `s${part}` }));
        for (let at = 0; at < spans.length; at += 5)
          writeSpans(world, projectId, spans.slice(at, at + 5));
      }
      world.pass(1);
    }
    world.pass(200);
  };
  add(count);
  return {
    source: traces(world, { projectIds }),
    add,
    reopen: () => traces(world, { projectIds }),
    close: () => world.plane.close(),
  };
}
