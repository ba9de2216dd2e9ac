import type { JsonScanner } from '../../../rows/scanner.js';
import type { Bounds, Dictionary, Leaf } from '../file/leaf.js';
import type { ByteSource } from '../growing-bytes.js';
import type { ColumnKernel, KernelValues } from '../kernel/column-kernel.js';
import type { RowWindow } from '../row-window.js';
import type { ColumnBuffer } from './column-buffer.js';

/** Text in which values stand. It was checked before. */
export interface ValueSource extends ByteSource {
  /** Over the same bytes. */
  readonly scanner: JsonScanner;
}

/** Adds the value from `start` to `end`; or answers false, and adds nothing, when it does not fit. */
export type AddValue = (source: ValueSource, start: number, end: number) => boolean;

/** What a type of flat columns does its own way. */
export interface FlatColumnParts {
  readonly leaf: Leaf;
  /** Adds to the values of the leaf, not to its levels. */
  readonly add: AddValue;
  /** Lets the kernel take values from a row on, for the rows that it has. Answers the row at which it stopped. */
  readonly addRun: (window: RowWindow, column: number, row: number) => number;
  /** Looks at the values of a page before they go. */
  readonly sealPage?: () => void;
  readonly takeBounds?: () => Bounds | null;
}

/** What a type of lists or maps does its own way. */
export interface NestedColumnParts {
  readonly leaves: readonly Leaf[];
  /** Adds to levels and values. */
  readonly add: AddValue;
  /** Notes a row without a value. */
  readonly addNull: () => void;
}

const LOWER_N = 0x6e;

/** A column of one leaf without a dictionary. */
export function flatColumn(parts: FlatColumnParts): ColumnBuffer {
  const { leaf } = parts;
  return {
    leaves: [leaf],
    get pageBytes(): number {
      return leaf.values.length;
    },
    take: (window, column) => takeFlat(window, column, parts),
    takeDictionary: (): Dictionary | null => null,
    sealPage: parts.sealPage ?? ((): void => undefined),
    takeBounds: parts.takeBounds ?? ((): Bounds | null => null),
  };
}

/** A column of lists or maps. */
export function nestedColumn(parts: NestedColumnParts): ColumnBuffer {
  const { leaves } = parts;
  return {
    leaves,
    get pageBytes(): number {
      return leaves.reduce((sum, leaf) => sum + leaf.values.length, 0);
    },
    take: (window, column) => takeNested(window, column, parts),
    takeDictionary: (): Dictionary | null => null,
    sealPage: (): void => undefined,
    takeBounds: (): Bounds | null => null,
  };
}

/** Lets the kernel take values of one kind. */
export function kernelRun(
  kind: KernelValues,
  kernel: ColumnKernel,
  { values }: Leaf,
): FlatColumnParts['addRun'] {
  return (window, column, row) => {
    const end = kernel.take(kind, { column, row, rows: window.rows });
    values.add(kernel.values, 0, kernel.valueBytes);
    return end;
  };
}

/** Takes a column's value of every row into a flat leaf. */
export function takeFlat(
  window: RowWindow,
  column: number,
  parts: Pick<FlatColumnParts, 'leaf' | 'add' | 'addRun'>,
): void {
  const { rows, kernel } = window;
  const levels = parts.leaf.addRows(rows);
  for (let row = 0; row < rows; row += 1) {
    if (window.isInKernel) {
      const end = parts.addRun(window, column, row);
      levels.set(kernel.levels.subarray(row, end), row);
      if (end === rows) return;
      row = end;
    }
    levels[row] = takeOne(window, { column, row }, parts.add) ? 1 : 0;
  }
}

/** Whether the row has a value that the column can hold. */
function takeOne(
  window: RowWindow,
  { column, row }: { readonly column: number; readonly row: number },
  add: AddValue,
): boolean {
  const place = window.placeOf(column, row);
  const start = window.starts[place] as number;
  if (start === 0 || window.bytes[start] === LOWER_N) return false;
  if (add(window, start, window.ends[place] as number)) return true;
  window.refuse(column, row);
  return false;
}

function takeNested(
  window: RowWindow,
  column: number,
  { add, addNull }: Pick<NestedColumnParts, 'add' | 'addNull'>,
): void {
  const { bytes, starts, ends, rows } = window;
  const first = window.placeOf(column, 0);
  for (let row = 0; row < rows; row += 1) {
    const start = starts[first + row] as number;
    if (start === 0 || bytes[start] === LOWER_N) {
      addNull();
    } else if (!add(window, start, ends[first + row] as number)) {
      addNull();
      window.refuse(column, row);
    }
  }
}
