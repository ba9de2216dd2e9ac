import type { GrowingBytes } from '../growing-bytes.js';

/** Small numbers in a row: levels, or places in a dictionary. */
export type SmallNumbers = Uint8Array | Uint16Array;

const GROUP = 8;

/** How many bits numbers up to `max` need. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/**
 * Adds the numbers in Parquet's hybrid encoding: eight or more equal ones as a run, others bit by bit in
 * groups of eight.
 */
export function addHybrid(target: GrowingBytes, numbers: SmallNumbers, width: number): void {
  for (let at = 0; at < numbers.length;) {
    const runEnd = endOfRun(numbers, at, numbers.length);
    if (runEnd - at >= GROUP) {
      addVarint(target, (runEnd - at) * 2);
      addNumber(target, numbers[at] as number, width);
      at = runEnd;
      continue;
    }
    let end = at + GROUP;
    while (end < numbers.length && endOfRun(numbers, end, end + GROUP) - end < GROUP) end += GROUP;
    addPacked(target, numbers.subarray(at, end), width);
    at = end;
  }
}

/** Where numbers equal to that at `at` end, `limit` at the latest. */
function endOfRun(numbers: SmallNumbers, at: number, limit: number): number {
  const value = numbers[at];
  const last = Math.min(limit, numbers.length);
  let end = at + 1;
  while (end < last && numbers[end] === value) end += 1;
  return end;
}

/** The last group is filled up with zeros. */
function addPacked(target: GrowingBytes, numbers: SmallNumbers, width: number): void {
  const groups = Math.ceil(numbers.length / GROUP);
  addVarint(target, groups * 2 + 1);
  target.reserve(groups * width);
  const { bytes, length } = target;
  let at = length;
  let bits = 0;
  let held = 0;
  // The iterator of a typed array takes several times as long.
  for (let place = 0; place < numbers.length; place += 1) {
    held |= (numbers[place] as number) << bits;
    bits += width;
    for (; bits >= 8; bits -= 8, at += 1) {
      bytes[at] = held & 0xff;
      held >>>= 8;
    }
  }
  target.length = length + groups * width;
  if (at < target.length) bytes.fill(0, at, target.length);
  if (bits > 0) bytes[at] = held;
}

function addNumber(target: GrowingBytes, value: number, width: number): void {
  target.addByte(value & 0xff);
  if (width > 8) target.addByte(value >>> 8);
}

function addVarint(target: GrowingBytes, value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target.addByte((rest & 0x7f) | 0x80);
  target.addByte(rest);
}
