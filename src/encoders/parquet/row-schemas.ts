import { rowColumns } from '../columns/row-columns.js';
import type { NumbersForms, RowSchemaName } from '../columns/row-columns.js';
import { createSchema } from './schema.js';
import type { ParquetSchema } from './schema.js';

/** The schema of one kind of rows: its columns, and `_extra`. */
export function rowSchema(name: RowSchemaName, forms: NumbersForms): ParquetSchema {
  return createSchema(name, rowColumns(name, forms));
}
