import type { Json } from '../../interfaces/index.js';
import { DATASETS, EXPERIMENTS, PROJECT_LOGS, selectFields } from '../records/record-kind.js';
import type { RecordKind } from '../records/record-kind.js';
import type { BtqlSourceKind } from './from-clause.js';
import { find } from './parse-query.js';
import type { ParsedQuery } from './parse-query.js';
import type { SelectItem } from './select-items.js';
import { btqlText } from './write-query.js';

/** What of each row a query wants, as items and expressions of a parsed query. */
export interface RowChoice {
  readonly kind: RecordKind;
  /** `undefined` for whole rows. */
  readonly select: readonly Json[] | undefined;
  readonly filter: Json | undefined;
  /** Fields that are read to tell rows apart, and that the query does not ask for. */
  readonly added: readonly string[];
  /** Whether the rows have their time of creation under its own name. */
  readonly hasCreated: boolean;
}

const KINDS: readonly RecordKind[] = [PROJECT_LOGS, EXPERIMENTS, DATASETS];

/** How rows of a source point at their object. */
export function kindOfSource(source: BtqlSourceKind): RecordKind {
  const known = KINDS.find(({ from }) => from === source);
  return known ?? { from: source, objectField: null, noun: source.replaceAll('_', ' ') };
}

/** The fields that tell the versions of rows apart. */
export function identityFields({ objectField }: RecordKind): readonly string[] {
  return objectField === null ? ['_xact_id', 'id'] : ['_xact_id', 'id', objectField];
}

/** Makes the select list and the filter of a query ready for rows read by their identity. */
export function rowChoiceOf(query: ParsedQuery, kind: RecordKind): RowChoice {
  const filter = find(query.clauses, 'filter');
  const isWhole = query.select.some((item) => item.kind === 'star');
  const missing = identityFields(kind).filter((name) => !selects(query.select, name));
  const added = isWhole ? [] : missing;
  const items = query.select.map((item) => selectNode(query, item));
  return {
    kind,
    select: isWhole && items.length === 1 ? undefined : [...items, ...selectFields(added)],
    filter: filter && { btql: btqlText(query, filter.tokens) },
    added,
    hasCreated: isWhole || selects(query.select, 'created'),
  };
}

function selects(items: readonly SelectItem[], field: string): boolean {
  return items.some((item) => item.kind === 'expression' && item.name === field);
}

function selectNode(query: ParsedQuery, item: SelectItem): Json {
  if (item.kind === 'star') return { op: 'star' };
  return { alias: item.name, expr: { btql: btqlText(query, item.tokens) } };
}
