import type { Column, ColumnType } from '../schema.js';
import { PHYSICAL_TYPES } from './leaf.js';
import type { ThriftWriter } from './thrift.js';

const REPETITIONS = { required: 0, optional: 1, repeated: 2 } as const;

/** What values mean: by its number in the old way to say it, and in the new one. */
const MEANINGS = {
  string: { converted: 0, logical: 1 },
  map: { converted: 1, logical: 2 },
  list: { converted: 3, logical: 3 },
  timestamp: { converted: 9, logical: 8 },
} as const;

/** One node of the schema as the format has it: a group, which has children, or a leaf, which has a type. */
export interface SchemaElement {
  readonly name: string;
  readonly repetition: keyof typeof REPETITIONS | null;
  readonly type?: keyof typeof PHYSICAL_TYPES;
  readonly children?: number;
  readonly meaning?: keyof typeof MEANINGS;
}

/** The whole schema, each group before its children. */
export function schemaElements(columns: readonly Column[]): readonly SchemaElement[] {
  const root: SchemaElement = { name: 'schema', repetition: null, children: columns.length };
  return [root, ...columns.flatMap(({ name, type }) => ELEMENTS[type](name))];
}

const ELEMENTS: Readonly<Record<ColumnType, (name: string) => readonly SchemaElement[]>> = {
  utf8: (name) => [{ name, repetition: 'optional', type: 'bytes', meaning: 'string' }],
  // Not marked as JSON: DuckDB refuses whole files of it for one lone surrogate, and others parse it unasked.
  json: (name) => [{ name, repetition: 'optional', type: 'bytes', meaning: 'string' }],
  timestamp: (name) => [{ name, repetition: 'optional', type: 'int64', meaning: 'timestamp' }],
  boolean: (name) => [{ name, repetition: 'optional', type: 'boolean' }],
  double: (name) => [{ name, repetition: 'optional', type: 'double' }],
  int64: (name) => [{ name, repetition: 'optional', type: 'int64' }],
  'utf8-list': (name) => [
    { name, repetition: 'optional', children: 1, meaning: 'list' },
    { name: 'list', repetition: 'repeated', children: 1 },
    { name: 'element', repetition: 'optional', type: 'bytes', meaning: 'string' },
  ],
  'double-map': (name) => [
    { name, repetition: 'optional', children: 1, meaning: 'map' },
    { name: 'key_value', repetition: 'repeated', children: 2 },
    { name: 'key', repetition: 'required', type: 'bytes', meaning: 'string' },
    { name: 'value', repetition: 'optional', type: 'double' },
  ],
};

/** Writes one element as a struct of Thrift. */
export function writeSchemaElement(thrift: ThriftWriter, element: SchemaElement): void {
  const { name, repetition, type, children, meaning } = element;
  if (type !== undefined) thrift.i32(1, PHYSICAL_TYPES[type]);
  if (repetition !== null) thrift.i32(3, REPETITIONS[repetition]);
  thrift.binary(4, name);
  if (children !== undefined) thrift.i32(5, children);
  if (meaning === undefined) return;
  thrift.i32(6, MEANINGS[meaning].converted);
  thrift.struct(10, () => {
    thrift.struct(MEANINGS[meaning].logical, () => {
      if (meaning === 'timestamp') writeTimestamp(thrift);
    });
  });
}

/** Adjusted to UTC, in milliseconds. */
function writeTimestamp(thrift: ThriftWriter): void {
  thrift.boolean(1, true);
  thrift.struct(2, () => thrift.struct(1, () => undefined));
}
