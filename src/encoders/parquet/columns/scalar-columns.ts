import { Leaf } from '../file/leaf.js';
import type { Bounds, PhysicalType } from '../file/leaf.js';
import type { ColumnKernel } from '../kernel/column-kernel.js';
import { readDouble, readInt64 } from '../values/numbers.js';
import { readTimestamp } from '../values/timestamps.js';
import type { ColumnBuffer } from './column-buffer.js';
import { flatColumn, kernelRun } from './plain-column.js';
import type { AddValue, FlatColumnParts } from './plain-column.js';

const LOWER_T = 0x74;
const LOWER_F = 0x66;
const WIDE_BYTES = 8;

/** JSON text as it is. */
export function jsonColumn(name: string, kernel: ColumnKernel): ColumnBuffer {
  const leaf = flatLeaf(name, 'bytes');
  const add: AddValue = (source, start, end) => {
    leaf.values.addCounted(source, start, end);
    return true;
  };
  return flatColumn({ leaf, add, addRun: kernelRun('json', kernel, leaf) });
}

/** Milliseconds since 1970 in UTC. */
export function timestampColumn(name: string, kernel: ColumnKernel): ColumnBuffer {
  const leaf = flatLeaf(name, 'int64');
  const addRun = kernelRun('timestamp', kernel, leaf);
  return wideColumn({ leaf, findBounds: int64Bounds, addRun }, (source, start, end) => {
    const time = readTimestamp(source, start, end);
    if (Number.isNaN(time)) return false;
    leaf.values.addInt64(time);
    return true;
  });
}

/** Integers of 64 bits. */
export function int64Column(name: string, kernel: ColumnKernel): ColumnBuffer {
  const leaf = flatLeaf(name, 'int64');
  const addRun = kernelRun('int64', kernel, leaf);
  return wideColumn({ leaf, findBounds: int64Bounds, addRun }, ({ bytes }, start, end) => {
    const value = readInt64(bytes, start, end);
    if (value === null) return false;
    leaf.values.addInt64(value);
    return true;
  });
}

/** Doubles. */
export function doubleColumn(name: string, kernel: ColumnKernel): ColumnBuffer {
  const leaf = flatLeaf(name, 'double');
  const addRun = kernelRun('double', kernel, leaf);
  return wideColumn({ leaf, findBounds: doubleBounds, addRun }, ({ bytes }, start, end) => {
    const value = readDouble(bytes, start, end);
    if (Number.isNaN(value)) return false;
    leaf.values.addDouble(value);
    return true;
  });
}

/** True and false. A byte each until the page is sealed, then a bit each. */
export function booleanColumn(name: string, kernel: ColumnKernel): ColumnBuffer {
  const leaf = flatLeaf(name, 'boolean');
  const seen = { true: false, false: false };
  const add: AddValue = ({ bytes }, start) => {
    const first = bytes[start];
    if (first !== LOWER_T && first !== LOWER_F) return false;
    leaf.values.addByte(first === LOWER_T ? 1 : 0);
    return true;
  };
  const takeBounds = (): Bounds | null => {
    const any = seen.true || seen.false;
    const bounds = {
      min: Uint8Array.of(seen.false ? 0 : 1),
      max: Uint8Array.of(seen.true ? 1 : 0),
    };
    seen.true = false;
    seen.false = false;
    return any ? bounds : null;
  };
  const sealPage = (): void => {
    const page = leaf.values.filled();
    if (page.includes(1)) seen.true = true;
    if (page.includes(0)) seen.false = true;
    packBits(leaf);
  };
  const addRun = kernelRun('boolean', kernel, leaf);
  return flatColumn({ leaf, add, addRun, sealPage, takeBounds });
}

function flatLeaf(name: string, type: PhysicalType): Leaf {
  return new Leaf({ path: [name], type, maxDefinition: 1, maxRepetition: 0 });
}

function packBits({ values }: Leaf): void {
  const { bytes, length } = values;
  values.length = Math.ceil(length / 8);
  for (let at = 0; at < values.length; at += 1) {
    let byte = 0;
    const end = Math.min(8, length - at * 8);
    for (let bit = 0; bit < end; bit += 1) byte |= (bytes[at * 8 + bit] as number) << bit;
    bytes[at] = byte;
  }
}

/** Where in a buffer of eight-byte values the lowest and the highest stand. */
type FindBounds = (values: DataView) => { readonly min: number; readonly max: number };

/** What a type of numbers does its own way. */
interface WideColumnParts extends Pick<FlatColumnParts, 'leaf' | 'addRun'> {
  readonly findBounds: FindBounds;
}

/** A column of values of eight bytes. */
function wideColumn({ leaf, findBounds, addRun }: WideColumnParts, add: AddValue): ColumnBuffer {
  // The bounds of earlier pages of the row group, two values.
  const bounds = Buffer.alloc(2 * WIDE_BYTES);
  let hasBounds = false;
  const sealPage = (): void => {
    if (leaf.values.length === 0) return;
    const seen = Buffer.concat([leaf.values.filled(), hasBounds ? bounds : Buffer.alloc(0)]);
    const { min, max } = findBounds(new DataView(seen.buffer, seen.byteOffset, seen.length));
    seen.copy(bounds, 0, min, min + WIDE_BYTES);
    seen.copy(bounds, WIDE_BYTES, max, max + WIDE_BYTES);
    hasBounds = true;
  };
  const takeBounds = (): Bounds | null => {
    if (!hasBounds) return null;
    hasBounds = false;
    return {
      min: Uint8Array.from(bounds.subarray(0, WIDE_BYTES)),
      max: Uint8Array.from(bounds.subarray(WIDE_BYTES)),
    };
  };
  return flatColumn({ leaf, add, addRun, sealPage, takeBounds });
}

const doubleBounds: FindBounds = (values) => {
  let [min, max] = [0, 0];
  for (let at = WIDE_BYTES; at < values.byteLength; at += WIDE_BYTES) {
    if (isLower(values.getFloat64(at, true), values.getFloat64(min, true))) min = at;
    if (isLower(values.getFloat64(max, true), values.getFloat64(at, true))) max = at;
  }
  return { min, max };
};

/** Readers take -0 for lower than 0. */
function isLower(one: number, other: number): boolean {
  return one < other || (one === 0 && other === 0 && Object.is(one, -0) && !Object.is(other, -0));
}

const int64Bounds: FindBounds = (values) => {
  let [min, max] = [0, 0];
  for (let at = WIDE_BYTES; at < values.byteLength; at += WIDE_BYTES) {
    if (isLess(values, at, min)) min = at;
    if (isLess(values, max, at)) max = at;
  }
  return { min, max };
};

/** Compares two integers of 64 bits in halves, which needs no BigInt. */
function isLess(values: DataView, one: number, other: number): boolean {
  const high = values.getInt32(one + 4, true);
  const otherHigh = values.getInt32(other + 4, true);
  if (high !== otherHigh) return high < otherHigh;
  return values.getUint32(one, true) < values.getUint32(other, true);
}
