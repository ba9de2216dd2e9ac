import type { Bounds, Dictionary, Leaf } from '../file/leaf.js';
import type { RowWindow } from '../row-window.js';

/** Values of one column on their way into pages. */
export interface ColumnBuffer {
  readonly leaves: readonly Leaf[];
  /** Bytes of values that the next page would have; 0 while a dictionary may still take them all. */
  readonly pageBytes: number;
  /** Takes the column's value of every row of the window, and tells the window of those that do not fit. */
  take(window: RowWindow, column: number): void;
  /** The values as places in a dictionary when that is worth while, and begins a new one. Once a row group. */
  takeDictionary(): Dictionary | null;
  /** Called before the values of a page are taken from the leaves. */
  sealPage(): void;
  /** The lowest and highest value since the last call, where that is known. Once a row group. */
  takeBounds(): Bounds | null;
}
