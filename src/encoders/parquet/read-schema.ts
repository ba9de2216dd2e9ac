import { kindOf } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import { readColumnPath } from '../columns/column-path.js';
import { refuseRepeated } from '../columns/column-names.js';
import { NUMBERS_FORMS, ROW_SCHEMAS } from '../columns/row-columns.js';
import type { NumbersForms } from '../columns/row-columns.js';
import { rowSchema } from './row-schemas.js';
import { COLUMN_TYPES, createSchema } from './schema.js';
import type { Column, ColumnType, ParquetSchema } from './schema.js';

/** A typed column made of a path. */
export interface ColumnOptions {
  /** Such as `metadata.model` or `metadata["my.key"]`, or the keys one by one. */
  readonly path: string | readonly string[];
  readonly type: ColumnType;
  /**
   * Name of the column.
   * @defaultValue the keys of the path, joined by `_`
   */
  readonly name?: string | undefined;
}

/** Columns of your own. `_extra` is added to them. */
export interface CustomSchema {
  /** Names the kind of rows, in the metadata of the files. */
  readonly name: string;
  readonly columns: readonly ColumnOptions[];
}

/** Notes one problem of an option. */
type Refuse = (text: string) => void;

/** Reads the options `schema`, `promote`, `scores` and `metrics`, and notes their problems. */
export function readSchema(reader: OptionReader): ParquetSchema {
  const { name, columns } = readBase(reader);
  const promoted = readColumns(reader, 'promote');
  const all = [...columns, ...promoted];
  refuseRepeated(all, (text) => reader.problem(promoted.length > 0 ? 'promote' : 'schema', text));
  return createSchema(name, all);
}

/** The schema without `_extra`. */
function readBase(reader: OptionReader): Pick<ParquetSchema, 'name' | 'columns'> {
  const forms: NumbersForms = {
    scores: reader.oneOf('scores', NUMBERS_FORMS, 'json'),
    metrics: reader.oneOf('metrics', NUMBERS_FORMS, 'json'),
  };
  const given = reader.value('schema') ?? 'spans';
  if (typeof given !== 'object' || given === null) {
    const known = ROW_SCHEMAS.find((name) => name === given);
    if (known === undefined) reader.problem('schema', `must be ${SCHEMA_CHOICES}`);
    const schema = rowSchema(known ?? 'spans', forms);
    return { name: schema.name, columns: schema.columns.slice(0, -1) };
  }
  for (const name of ['scores', 'metrics']) {
    if (reader.has(name)) reader.problem(name, 'has no meaning with columns of your own');
  }
  return reader.group('schema', (group) => ({
    name: group.string('name'),
    columns: readColumns(group, 'columns'),
  }));
}

const SCHEMA_CHOICES = `one of ${ROW_SCHEMAS.map((name) => `'${name}'`).join(', ')}, or { name, columns }`;

function readColumns(reader: OptionReader, option: 'columns' | 'promote'): readonly Column[] {
  const given = reader.value(option) ?? [];
  if (!Array.isArray(given)) {
    reader.problem(option, `must be an array, not ${kindOf(given)}`);
    return [];
  }
  return given.flatMap((item: unknown, index) => {
    const refuse: Refuse = (text) => reader.problem(`${option}[${index}]`, text);
    const column = typeof item === 'string' ? { path: item, type: 'utf8' } : item;
    return readColumn(column, refuse) ?? [];
  });
}

function readColumn(given: unknown, refuse: Refuse): Column | null {
  if (typeof given !== 'object' || given === null) {
    refuse(`must be a path or { path, type, name }, not ${kindOf(given)}`);
    return null;
  }
  const { path, type, name, ...rest } = given as Record<string, unknown>;
  const unknown = Object.keys(rest).map((key) => `\`${key}\``);
  if (unknown.length > 0)
    refuse(`has ${unknown.join(', ')}, but only \`path\`, \`type\`, \`name\``);
  const keys = readPath(path, refuse);
  const known = COLUMN_TYPES.find((each) => each === type);
  if (known === undefined) refuse(`has an unknown type; there are ${COLUMN_TYPES.join(', ')}`);
  if (keys === null || known === undefined) return null;
  const column = { name: name ?? keys.join('_'), path: keys, type: known };
  return isNamed(column, refuse) ? column : null;
}

function readPath(path: unknown, refuse: Refuse): readonly string[] | null {
  const keys = readColumnPath(path);
  if (keys !== null) return keys;
  const shown = typeof path === 'string' ? JSON.stringify(path) : kindOf(path);
  refuse(`has no path such as metadata.model or metadata["my.key"], but ${shown}`);
  return null;
}

function isNamed(column: { readonly name: unknown }, refuse: Refuse): column is Column {
  const { name } = column;
  if (typeof name === 'string' && name !== '' && name.isWellFormed()) return true;
  refuse('must have a name that is a non-empty string');
  return false;
}
