import type { Bounds, Dictionary, Leaf } from '../file/leaf.js';
import type { JsonScanner } from '../../../rows/scanner.js';
import type { ColumnBuffer } from './column-buffer.js';
import type { RowWindow } from '../row-window.js';

/** Text in which values stand. It was checked before. */
export interface ValueSource {
  readonly bytes: Buffer;
  /** Over the same bytes. */
  readonly scanner: JsonScanner;
}

/** Adds the value from `start` to `end` to the leaves; or answers false, and adds nothing, when it does not fit. */
export type AddValue = (source: ValueSource, start: number, end: number) => boolean;

/** What a type of columns does its own way. */
export interface PlainColumnParts {
  readonly leaves: readonly Leaf[];
  readonly add: AddValue;
  /** Notes a row without a value. */
  readonly addNull: () => void;
  /** Looks at the values of a page before they go. */
  readonly sealPage?: () => void;
  readonly takeBounds?: () => Bounds | null;
}

const LOWER_N = 0x6e;

/** A column without a dictionary. */
export function plainColumn(parts: PlainColumnParts): ColumnBuffer {
  const { leaves, add, addNull } = parts;
  return {
    leaves,
    get pageBytes(): number {
      return leaves.reduce((sum, leaf) => sum + leaf.values.length, 0);
    },
    take: (window, column) => takeValues(window, column, { add, addNull }),
    takeDictionary: (): Dictionary | null => null,
    sealPage: parts.sealPage ?? ((): void => undefined),
    takeBounds: parts.takeBounds ?? ((): Bounds | null => null),
  };
}

/** Gives every row's value of a column to `add`, or to `addNull` when there is none or it does not fit. */
export function takeValues(
  window: RowWindow,
  column: number,
  { add, addNull }: Pick<PlainColumnParts, 'add' | 'addNull'>,
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
