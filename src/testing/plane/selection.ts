import type { CompileContext } from './query/compile.js';
import { compile } from './query/compile.js';
import type { Expression, SelectItem } from './query/syntax.js';
import { IntervalValue } from './query/values.js';
import type { Evaluate, RowReader, Value } from './query/values.js';
import { badRequest, unsupported } from './refusal.js';
import { PREVIEW_FIELDS, withPreview } from './previews.js';
import type { ResultRow } from './result-rows.js';
import { StoredRowReader } from './stored-row-reader.js';

/** The rows of an answer. */
export interface QueryResult {
  /** The JSON text of each row. */
  readonly rows: readonly Buffer[];
  readonly cursor: string | null;
  /** The fields of the rows, for the schema of the answer. */
  readonly columns: readonly string[];
}

/** Writes the selected fields of rows as JSON, keys in alphabetical order as the service does. */
export interface Selection {
  readonly columns: readonly string[];
  write(row: ResultRow): Buffer;
}

/** Makes a select list without aggregates ready. */
export function readSelection(
  select: readonly SelectItem[],
  context: CompileContext,
  rows: { readonly keys: readonly string[]; readonly previewLength: number },
): Selection {
  const { keys, previewLength } = rows;
  const stars = select.filter((item) => item.star).length;
  if (stars > 1) throw badRequest('`*` stands twice in the select list.');
  const fields = new Map<string, Evaluate>();
  const add = (name: string, expr: Expression): void =>
    addField(fields, name, previewed(expr, compile(expr, context), previewLength));
  for (const key of stars === 1 ? keys : []) add(key, { op: 'ident', name: [key] });
  for (const item of select) if (!item.star) add(item.alias, item.expr);
  const columns = [...fields.keys()].sort();
  const verbatim = stars === select.length && previewLength < 0;
  return {
    columns,
    write: (row) => {
      if (verbatim && row instanceof StoredRowReader) return row.row.text;
      return writeFields(fields, columns, row);
    },
  };
}

/** Writes the named fields of a row as JSON. */
export function writeFields(
  fields: ReadonlyMap<string, Evaluate>,
  columns: readonly string[],
  row: RowReader,
): Buffer {
  const members = columns.map(
    (name) => `${JSON.stringify(name)}:${JSON.stringify(output(fields.get(name), row))}`,
  );
  return Buffer.from(`{${members.join(',')}}`);
}

/** Whole fields are cut to their previews; what is computed from them is not. */
function previewed(expr: Expression, evaluate: Evaluate, length: number): Evaluate {
  const [field, ...rest] = expr.op === 'ident' ? expr.name : [];
  const cut = rest.length === 0 && PREVIEW_FIELDS.has(String(field));
  return cut ? withPreview(evaluate, length) : evaluate;
}

function addField(fields: Map<string, Evaluate>, name: string, evaluate: Evaluate): void {
  if (fields.has(name)) throw badRequest(`The select list has ${JSON.stringify(name)} twice.`);
  fields.set(name, evaluate);
}

function output(evaluate: Evaluate | undefined, row: RowReader): Value {
  const value = evaluate?.(row) ?? null;
  if (value instanceof IntervalValue) throw unsupported('an interval in the select list');
  return value;
}
