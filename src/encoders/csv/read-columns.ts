import { kindOf } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import { refuseRepeated } from '../columns/column-names.js';
import { readColumnPath } from '../columns/column-path.js';
import { ROW_SCHEMAS, rowColumns } from '../columns/row-columns.js';
import type { RowSchemaName } from '../columns/row-columns.js';
import type { CsvColumn } from './csv-columns.js';

/** A column with a name of its own. */
export interface CsvColumnOptions {
  /** Such as `metadata.model` or `metadata["my.key"]`, or the keys one by one. */
  readonly path: string | readonly string[];
  /**
   * Name of the column, in the first line.
   * @defaultValue the keys of the path, joined by `_`
   */
  readonly name?: string | undefined;
}

/** Where the columns come from when they are not named one by one. */
export type CsvColumnsName = RowSchemaName | 'first-rows';

/** Columns, and what the fingerprint says of them. */
export interface ColumnsChoice {
  /** `null` for those of the first rows. */
  readonly columns: readonly CsvColumn[] | null;
  readonly identity: string | readonly (readonly [string, readonly string[]])[];
}

const NAMES: readonly CsvColumnsName[] = [...ROW_SCHEMAS, 'first-rows'];

/** Reads the option `columns`, and notes its problems. */
export function readColumns(reader: OptionReader): ColumnsChoice {
  const given = reader.value('columns') ?? 'spans';
  if (Array.isArray(given)) return readOwnColumns(reader, given);
  const name = NAMES.find((known) => known === given);
  if (name === undefined) {
    const choices = NAMES.map((known) => `'${known}'`).join(', ');
    reader.problem('columns', `must be one of ${choices}, or an array of columns`);
  }
  if (name === undefined || name === 'first-rows') return { columns: null, identity: 'first-rows' };
  const known = rowColumns(name, { scores: 'json', metrics: 'json' });
  return { columns: known.map(({ name: title, path }) => ({ name: title, path })), identity: name };
}

function readOwnColumns(reader: OptionReader, given: readonly unknown[]): ColumnsChoice {
  const columns = given.flatMap((item, index) => {
    const refuse = (text: string): void => reader.problem(`columns[${index}]`, text);
    return readColumn(item, refuse) ?? [];
  });
  refuseRepeated(columns, (text) => reader.problem('columns', text));
  return { columns, identity: columns.map(({ name, path }) => [name, path] as const) };
}

function readColumn(given: unknown, refuse: (text: string) => void): CsvColumn | null {
  const usable = typeof given === 'string' || (typeof given === 'object' && given !== null);
  if (!usable) {
    refuse(`must be a path or { path, name }, not ${kindOf(given)}`);
    return null;
  }
  const column = typeof given === 'string' ? { path: given } : (given as Record<string, unknown>);
  const { path, name, ...rest } = column as Record<string, unknown>;
  const unknown = Object.keys(rest).map((key) => `\`${key}\``);
  if (unknown.length > 0) refuse(`has ${unknown.join(', ')}, but only \`path\`, \`name\``);
  const keys = readColumnPath(path);
  if (keys === null) {
    const shown = typeof path === 'string' ? JSON.stringify(path) : kindOf(path);
    refuse(`has no path such as metadata.model or metadata["my.key"], but ${shown}`);
    return null;
  }
  const title = name ?? keys.join('_');
  if (typeof title === 'string' && title !== '' && title.isWellFormed())
    return { name: title, path: keys };
  refuse('must have a name that is a non-empty string');
  return null;
}
