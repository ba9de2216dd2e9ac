import assert from 'node:assert/strict';

import { secondsOfXactId } from '../../src/braintrust/query/xact.js';
import type { Sink } from '../../src/interfaces/index.js';
import { auditExport } from './audit.js';
import type { SpansWorld } from './spans.js';
import { traceRowsOf } from './traces.js';

const TRACE_IDENTITY = { object: 'project_id', id: 'root_span_id', version: '_xact_id' } as const;
type Row = Readonly<Record<string, unknown>>;

/** What an export must hold besides the rule. */
export interface TraceExpectation {
  readonly world: SpansWorld;
  readonly projectIds: readonly string[];
  readonly exportId: string;
  readonly spans: boolean;
  /** Traces that lost spans: what their versions are is not promised. */
  readonly cut: ReadonlySet<string>;
  /** Traces with spans that became visible late: the newest version may lack them. */
  readonly late: ReadonlySet<string>;
}

const nameOf = (row: Row): string => `${String(row['project_id'])} ${String(row['root_span_id'])}`;
const versionOf = (row: Row): string => String(row['_xact_id']);

/**
 * The oracle over a plane: every live trace is exported in its latest version and that version says what the plane's
 * summary says, no version is there twice, none is made up, and the export is whole.
 */
export async function assertTracesExactlyOnce(
  sink: Sink,
  expectation: TraceExpectation,
): Promise<void> {
  const { world, projectIds, exportId, spans, cut, late } = expectation;
  const audit = await auditExport(sink, exportId, TRACE_IDENTITY);
  const exported = audit.rows.map(({ row }) => row);
  const versions = exported.map((row) => `${nameOf(row)}@${versionOf(row)}`);
  assert.equal(new Set(versions).size, versions.length, 'no version is exported twice');
  assertNothingMadeUp(world, exported);
  const newest = new Map<string, Row>();
  for (const row of exported)
    if (versionOf(row) > versionOf(newest.get(nameOf(row)) ?? { _xact_id: '' }))
      newest.set(nameOf(row), row);
  for (const projectId of projectIds) {
    for (const live of await traceRowsOf(world, projectId, spans)) {
      if (cut.has(nameOf(live))) continue;
      const row = newest.get(nameOf(live));
      assert.equal(row?.['_xact_id'], live['_xact_id'], `${nameOf(live)} is there as it is`);
      if (!late.has(nameOf(live))) assert.deepEqual(row, live, `${nameOf(live)} says what it says`);
    }
  }
  assert.deepEqual(audit.orphans, [], 'no visible object without a manifest');
}

/** A version is that of a span of the trace; or the highest of its second, for a trace that did not rest. */
function assertNothingMadeUp(world: SpansWorld, exported: readonly Row[]): void {
  const written = new Set(world.plane.history.map(({ xactId }) => xactId));
  for (const row of exported) {
    const version = versionOf(row);
    const isOfSweep = (BigInt(version) & 0xffffn) === 0xffffn && secondsOfXactId(version) > 0;
    assert(written.has(version) || isOfSweep, `${nameOf(row)}@${version} was written`);
  }
}
