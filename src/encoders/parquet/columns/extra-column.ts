import { Leaf } from '../file/leaf.js';
import type { RowWindow } from '../row-window.js';
import type { ColumnBuffer } from './column-buffer.js';

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SIZE_BYTES = 4;

/** What no other column holds. Its values must be taken after those of all others. */
export function extraColumn(name: string): ColumnBuffer {
  const leaf = new Leaf({ path: [name], type: 'bytes', maxDefinition: 1, maxRepetition: 0 });
  return {
    leaves: [leaf],
    get pageBytes(): number {
      return leaf.values.length;
    },
    take: (window) => {
      const levels = leaf.addRows(window.rows);
      for (let row = 0; row < window.rows; row += 1) {
        const hasLoose = window.hasLoose(row);
        levels[row] = hasLoose ? 1 : 0;
        if (hasLoose) addMembers(leaf, window, row);
      }
    },
    takeDictionary: () => null,
    sealPage: () => undefined,
    takeBounds: () => null,
  };
}

function addMembers({ values }: Leaf, window: RowWindow, row: number): void {
  const sizeAt = values.length;
  values.addUint32(0);
  window.eachLoose(row, ({ key, value }) => {
    values.addByte(values.length === sizeAt + SIZE_BYTES ? OPEN_BRACE : COMMA);
    values.add(window, key.start, key.end);
    values.addByte(COLON);
    values.add(window, value.start, value.end);
  });
  values.addByte(CLOSE_BRACE);
  values.view.setUint32(sizeAt, values.length - sizeAt - SIZE_BYTES, true);
}
