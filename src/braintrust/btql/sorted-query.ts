import type { Json } from '../../interfaces/index.js';
import { LAST_SECOND, xactIdAt } from '../query/xact.js';
import { recordsQuery } from '../records/records-query.js';
import type { BtqlSettings } from './btql-options.js';
import type { RowChoice } from './row-choice.js';
import { field, literal } from './row-query.js';
import type { SortItem } from './select-items.js';
import { btqlText } from './write-query.js';

/** The field in which the sort's value is read where rows do not have it. */
const SORT_FIELD = '_tracehaul_sort';

/** How rows are sorted: by the host's values, and what is equal by object and id. */
export interface SortedRows {
  readonly settings: Readonly<BtqlSettings>;
  readonly choice: RowChoice;
  /** The field of a row that holds the first sort value. */
  readonly sortField: string;
  /** What is read of rows, and cut out again. */
  readonly removed: readonly string[];
}

/** The last row that was given. */
export interface SortedPlace {
  /** Its sort value: a text, a boolean, a number or null; a number as it was written where it is a long one. */
  readonly value: Json;
  readonly objectId: string | null;
  readonly id: string;
  /** Whether rows without a value stand before all others. */
  readonly nullsFirst: boolean;
}

/** How the rows of a query are read in its own order. */
export function sortedRowsOf(settings: Readonly<BtqlSettings>, choice: RowChoice): SortedRows {
  const [item] = settings.query.sort;
  const [name] = item?.path ?? [];
  const isWhole = settings.query.select.some(({ kind }) => kind === 'star');
  if (isWhole && item?.path?.length === 1 && typeof name === 'string')
    return { settings, choice, sortField: name, removed: choice.added };
  return { settings, choice, sortField: SORT_FIELD, removed: [...choice.added, SORT_FIELD] };
}

/** The query for the rows after a place, or for the first ones. */
export function sortedQuery(
  sorted: SortedRows,
  { after, limit }: { readonly after: SortedPlace | null; readonly limit: number },
): Json {
  const { settings, choice, sortField } = sorted;
  const { query } = settings;
  const conditions = boundConditions(settings);
  const [first] = query.sort;
  if (after !== null && first !== undefined)
    conditions.push(afterCondition(sorted, expression(sorted, first), { ...after, item: first }));
  const own = choice.select ?? [{ op: 'star' }];
  const added = { alias: SORT_FIELD, expr: first === undefined ? null : expression(sorted, first) };
  return {
    ...(recordsQuery({
      ...choice,
      shape: 'spans',
      select: sortField === SORT_FIELD ? [...own, added] : own,
      objectIds: query.from?.ids ?? [],
      conditions,
      sort: [],
      limit,
    }) as Readonly<Record<string, Json>>),
    sort: [
      ...query.sort.map((item) => ({ expr: expression(sorted, item), dir: item.direction })),
      ...tieFields(choice).map((name) => ({ expr: field(name), dir: 'asc' })),
    ],
    ...(query.previewLength === undefined ? {} : { preview_length: query.previewLength }),
  };
}

function expression({ settings }: SortedRows, { tokens }: SortItem): Json {
  return { btql: btqlText(settings.query, tokens) };
}

function tieFields({ kind }: RowChoice): readonly string[] {
  return kind.objectField === null ? ['id'] : [kind.objectField, 'id'];
}

function boundConditions({ from, until }: Readonly<BtqlSettings>): Json[] {
  const bounds: Json[] = [];
  const side = { left: field('_xact_id') };
  if (from > 0) bounds.push({ op: 'ge', ...side, right: literal(xactIdAt(from)) });
  if (until < LAST_SECOND) bounds.push({ op: 'lt', ...side, right: literal(xactIdAt(until)) });
  return bounds;
}

/**
 * The rows after one of them. A comparison with null is never true, so that rows without a value are named
 * where they are still to come.
 */
function afterCondition(
  { choice }: SortedRows,
  left: Json,
  { value, item, nullsFirst, objectId, id }: SortedPlace & { readonly item: SortItem },
): Json {
  const tie = tieCondition(choice, objectId, id);
  const isNull = { op: 'isnull', expr: left };
  const others = { op: 'isnotnull', expr: left };
  if (value === null) return either(both(isNull, tie), ...(nullsFirst ? [others] : []));
  const right = valueNode(value);
  const further = { op: item.direction === 'asc' ? 'gt' : 'lt', left, right };
  const equal = both({ op: 'eq', left, right }, tie);
  return either(further, equal, ...(nullsFirst ? [] : [isNull]));
}

function tieCondition({ kind }: RowChoice, objectId: string | null, id: string): Json {
  const later = { op: 'gt', left: field('id'), right: literal(id) };
  if (kind.objectField === null || objectId === null) return later;
  const side = { left: field(kind.objectField), right: literal(objectId) };
  return either({ op: 'gt', ...side }, both({ op: 'eq', ...side }, later));
}

/** A number that JavaScript would round stands as text. */
function valueNode(value: Json): Json {
  return typeof value === 'object' && value !== null ? value : literal(value);
}

function either(...children: readonly Json[]): Json {
  return { op: 'or', children };
}

function both(...children: readonly Json[]): Json {
  return { op: 'and', children };
}
