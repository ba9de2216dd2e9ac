import type { Column, ColumnType } from '../schema.js';
import type { ColumnBuffer } from './column-buffer.js';
import { numberMapColumn, stringListColumn } from './nested-columns.js';
import {
  booleanColumn,
  doubleColumn,
  int64Column,
  jsonColumn,
  timestampColumn,
} from './scalar-columns.js';
import { StringColumn } from './string-column.js';

const BUFFERS: Readonly<Record<ColumnType, (name: string) => ColumnBuffer>> = {
  utf8: (name) => new StringColumn(name),
  json: jsonColumn,
  timestamp: timestampColumn,
  boolean: booleanColumn,
  double: doubleColumn,
  int64: int64Column,
  'utf8-list': stringListColumn,
  'double-map': numberMapColumn,
};

/** The buffer for the values of one column. */
export function createColumnBuffer({ name, type }: Column): ColumnBuffer {
  return BUFFERS[type](name);
}
