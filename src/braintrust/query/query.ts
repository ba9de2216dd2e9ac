import type { Json } from '../../interfaces/index.js';
import { xactIdAt } from './xact.js';

/** A place in a scan by (`_xact_id`, `project_id`, `id`). */
export interface Position {
  readonly xactId: string;
  /** The last row given of this transaction; `null` when the whole transaction was given. */
  readonly row: RowPlace | null;
}

export interface RowPlace {
  readonly projectId: string;
  /** `null` for a row without an id, which stands before all others. */
  readonly id: string | null;
}

/** Which rows of which projects: transactions from one whole second up to, not including, another. */
export interface ScanRange {
  readonly projectIds: readonly string[];
  /** Seconds since 1970. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly after: Position | null;
}

/** What of the rows is wanted, besides their range. */
export interface RowChoice {
  /** A BTQL expression, checked to be one. */
  readonly filter: string | undefined;
  /** Top-level fields, or `undefined` for all. */
  readonly columns: readonly string[] | undefined;
}

export type SortField = '_xact_id' | 'project_id' | 'id';

interface SpansQuery extends RowChoice {
  readonly projectIds: readonly string[];
  readonly conditions: readonly Json[];
  readonly sort: readonly SortField[];
  readonly limit: number;
}

type Comparison = 'eq' | 'gt' | 'ge' | 'lt';

/** The query for one page, as a parsed query: values are literals, so no text is ever quoted. */
export function spansQuery(query: SpansQuery): Json {
  const conditions = [...query.conditions];
  if (query.filter !== undefined) conditions.push({ btql: query.filter });
  return {
    select: query.columns?.map((column) => ({ alias: column, expr: field(column) })) ?? [
      { op: 'star' },
    ],
    from: {
      op: 'function',
      name: { op: 'ident', name: ['project_logs'] },
      args: query.projectIds.map((value) => ({ op: 'literal', value })),
      shape: 'spans',
    },
    filter: { op: 'and', children: conditions },
    sort: query.sort.map((name) => ({ expr: field(name), dir: 'asc' })),
    limit: query.limit,
  };
}

/** The rows of a range that come after its position, in the order of {@link scanOrder}. */
export function scanConditions(range: ScanRange): readonly Json[] {
  const below = compare('lt', '_xact_id', xactIdAt(range.until));
  if (range.after === null) return [compare('ge', '_xact_id', xactIdAt(range.from)), below];
  const { xactId, row } = range.after;
  if (row === null) return [compare('gt', '_xact_id', xactId), below];
  // The plain bounds stand alone: the service finds the segments to read by them.
  const rest = conditionsAfterRow(range.projectIds, xactId, row);
  return [compare('ge', '_xact_id', xactId), below, ...rest];
}

/** The sort that makes a range one sequence without ties. */
export function scanOrder(range: ScanRange): readonly SortField[] {
  return range.projectIds.length > 1 ? ['_xact_id', 'project_id', 'id'] : ['_xact_id', 'id'];
}

/** The rows of one transaction in one project, after one of them or all. */
export function tieConditions(
  xactId: string,
  projectId: string,
  after: RowPlace | null,
): readonly Json[] {
  const conditions = [compare('eq', '_xact_id', xactId), compare('eq', 'project_id', projectId)];
  return after === null ? conditions : [...conditions, idAfter(after.id)];
}

/** Finds no row, and costs the service next to nothing: for its clock and for the right to ask. */
export function emptyQuery(projectId: string): Json {
  return spansQuery({
    projectIds: [projectId],
    conditions: [compare('ge', '_xact_id', xactIdAt(0)), compare('lt', '_xact_id', xactIdAt(1))],
    filter: undefined,
    columns: ['id'],
    sort: ['_xact_id'],
    limit: 1,
  });
}

function conditionsAfterRow(
  projectIds: readonly string[],
  xactId: string,
  row: RowPlace,
): readonly Json[] {
  const laterTransaction = compare('gt', '_xact_id', xactId);
  const [only] = projectIds;
  if (projectIds.length === 1 && only !== undefined) {
    // The position may have been left by a scan of several projects.
    if (only < row.projectId) return [laterTransaction];
    if (only > row.projectId) return [];
    return [either(laterTransaction, idAfter(row.id))];
  }
  const sameProject = {
    op: 'and',
    children: [compare('eq', 'project_id', row.projectId), idAfter(row.id)],
  };
  return [either(laterTransaction, compare('gt', 'project_id', row.projectId), sameProject)];
}

function idAfter(id: string | null): Json {
  return id === null ? { op: 'isnotnull', expr: field('id') } : compare('gt', 'id', id);
}

function either(...children: readonly Json[]): Json {
  return { op: 'or', children };
}

function compare(op: Comparison, name: SortField, value: string): Json {
  return { op, left: field(name), right: { op: 'literal', value } };
}

function field(name: string): Json {
  return { op: 'ident', name: [name] };
}
