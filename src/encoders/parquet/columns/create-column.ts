import type { ColumnKernel } from '../kernel/column-kernel.js';
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

type CreateBuffer = (name: string, kernel: ColumnKernel) => ColumnBuffer;

const BUFFERS: Readonly<Record<Exclude<ColumnType, 'utf8'>, CreateBuffer>> = {
  json: jsonColumn,
  timestamp: timestampColumn,
  boolean: booleanColumn,
  double: doubleColumn,
  int64: int64Column,
  'utf8-list': stringListColumn,
  'double-map': numberMapColumn,
};

/** The buffer for the values of the column with this number. */
export function createColumnBuffer(
  { name, type }: Column,
  number: number,
  kernel: ColumnKernel,
): ColumnBuffer {
  if (type !== 'utf8') return BUFFERS[type](name, kernel);
  return new StringColumn(name, kernel, kernel.dictionaryOf(number));
}
