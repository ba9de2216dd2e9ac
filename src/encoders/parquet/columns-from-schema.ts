import { ConfigurationError } from '../../errors/index.js';
import { kindOf } from '../../options/index.js';
import type { ColumnOptions } from './read-schema.js';
import type { ColumnType } from './schema.js';

/** The parts of JSON Schema that are looked at. */
interface TypeSchema {
  readonly type?: unknown;
  readonly format?: unknown;
  readonly items?: unknown;
  readonly anyOf?: unknown;
}

/**
 * Columns for the rows of a query, from the `schema` of its answer: a JSON Schema of an array of objects, or of one
 * object. Strings become `utf8`, those of the format `date-time` `timestamp`, numbers `double`, integers `int64`,
 * arrays of strings `utf8-list`; all that may be of several types, or is anything else, `json`. Null may stand
 * everywhere. The columns are in the order of the schema.
 * @throws ConfigurationError `OPTION_INVALID` when it is no such schema.
 */
export function columnsFromSchema(schema: unknown): readonly ColumnOptions[] {
  const row = isObject(schema) && 'items' in schema ? schema['items'] : schema;
  const properties = isObject(row) ? row['properties'] : undefined;
  if (!isObject(properties)) {
    const what = `The schema must be a JSON Schema of rows, with \`properties\`; they are ${kindOf(properties)}.`;
    throw new ConfigurationError('OPTION_INVALID', what, {
      remedy: 'Pass the `schema` of an answer in JSON, or name the columns yourself.',
      details: { option: 'schema' },
    });
  }
  return Object.entries(properties).map(([key, value]) => ({ path: [key], type: typeOf(value) }));
}

function typeOf(schema: unknown): ColumnType {
  const [only, ...others] = alternatives(schema);
  if (only === undefined || others.length > 0) return 'json';
  if (only.type === 'string') return only.format === 'date-time' ? 'timestamp' : 'utf8';
  if (only.type === 'boolean') return 'boolean';
  if (only.type === 'number') return 'double';
  if (only.type === 'integer') return 'int64';
  return only.type === 'array' && typeOf(only.items) === 'utf8' ? 'utf8-list' : 'json';
}

/** What a value may be other than null. */
function alternatives(schema: unknown): readonly TypeSchema[] {
  if (!isObject(schema)) return [];
  const { type, anyOf } = schema as TypeSchema;
  if (Array.isArray(anyOf)) return anyOf.flatMap(alternatives);
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.filter((name) => name !== 'null').map((name) => ({ ...schema, type: name }));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
