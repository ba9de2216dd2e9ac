import { filterTextProblem } from '../query/filter-text.js';
import { BTQL_SOURCES, SHAPES } from './from-clause.js';
import type { BtqlShape, BtqlSourceKind } from './from-clause.js';
import type { OptionReader } from '../../options/index.js';

/** A query in its parts. */
export interface BtqlQuery {
  readonly from: BtqlFrom;
  /** Items of the select list, such as `metadata.model as model`. @defaultValue whole rows */
  readonly select?: string | readonly string[] | undefined;
  /** An expression that rows must meet, such as `scores.Factuality < 0.8`. @defaultValue all rows */
  readonly filter?: string | undefined;
  /** What rows are grouped by, such as `day(created) as day`. */
  readonly dimensions?: string | readonly string[] | undefined;
  /** What is computed of each group, such as `count(1) as calls`. */
  readonly measures?: string | readonly string[] | undefined;
  /** The order of the rows, such as `created desc`. */
  readonly sort?: string | readonly string[] | undefined;
  /** How many rows are wanted. @defaultValue all of them */
  readonly limit?: number | undefined;
}

/** What a query reads from. */
export interface BtqlFrom {
  readonly kind: BtqlSourceKind;
  /** Ids of the objects: projects for `project_logs`, datasets for `dataset`. */
  readonly ids: readonly string[];
  /**
   * `spans`: the rows that match. `traces`: all rows of each trace with a match. `summary`: one row for each trace.
   * @defaultValue 'spans'
   */
  readonly shape?: BtqlShape | undefined;
}

const LISTS = ['select', 'dimensions', 'measures', 'sort'] as const;

/**
 * The text of a query in parts, clause by clause. Each part is checked to be one expression, or a list of them.
 * @returns `null` when a part has a problem, which is noted.
 */
export function readQueryParts(reader: OptionReader): string | null {
  const parts = [`from: ${reader.group('from', readFromPart) ?? ''}`];
  for (const name of LISTS) if (reader.has(name)) parts.push(`${name}: ${readList(reader, name)}`);
  if (!LISTS.slice(0, 3).some((name) => reader.has(name))) parts.push('select: *');
  if (reader.has('filter'))
    parts.push(`filter: ${checked(reader, 'filter', reader.string('filter'))}`);
  if (reader.has('limit')) parts.push(`limit: ${reader.number('limit', undefined, { min: 1 })}`);
  // What was noted as a problem has left its clause without a text.
  return parts.some((part) => part.endsWith(': ')) ? null : parts.join('\n');
}

function readFromPart(reader: OptionReader): string | null {
  const kind = reader.oneOf('kind', BTQL_SOURCES);
  const ids = reader.strings('ids');
  const shape = reader.oneOf('shape', SHAPES, 'spans');
  const isOdd = ids.some((id) => /['"\\\p{Cc}]/u.test(id));
  if (isOdd) reader.problem('ids', 'may hold no quotes, backslashes or control characters');
  if (Array.isArray(reader.value('ids')) && ids.length === 0)
    reader.problem('ids', 'must hold at least one id');
  if (isOdd || ids.length === 0) return null;
  return `${kind}(${ids.map((id) => `'${id}'`).join(', ')}) ${shape}`;
}

/** The items behind commas, or an empty text when one of them has a problem. */
function readList(reader: OptionReader, name: (typeof LISTS)[number]): string {
  const isText = typeof reader.value(name) === 'string';
  const items = isText ? [reader.string(name)] : reader.strings(name);
  const texts = items.map((item) => checked(reader, name, item));
  return texts.includes('') ? '' : texts.join(', ');
}

function checked(reader: OptionReader, name: string, text: string): string {
  const problem = text === '' ? null : filterTextProblem(text);
  if (problem === null) return text;
  reader.problem(name, problem);
  return '';
}
