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
    const run = runLength(numbers, at, Infinity);
    if (run >= GROUP) {
      addVarint(target, run * 2);
      addNumber(target, numbers[at] as number, width);
      at += run;
      continue;
    }
    let end = at + GROUP;
    while (end < numbers.length && runLength(numbers, end, GROUP) < GROUP) end += GROUP;
    addPacked(target, numbers.subarray(at, end), width);
    at = end;
  }
}

/** How many numbers from `at` on are equal, counted up to `max`. */
function runLength(numbers: SmallNumbers, at: number, max: number): number {
  const value = numbers[at];
  let end = at + 1;
  while (end < numbers.length && end - at < max && numbers[end] === value) end += 1;
  return end - at;
}

/** The last group is filled up with zeros. */
function addPacked(target: GrowingBytes, numbers: SmallNumbers, width: number): void {
  const groups = Math.ceil(numbers.length / GROUP);
  addVarint(target, groups * 2 + 1);
  const end = target.length + groups * width;
  target.reserve(groups * width);
  let bits = 0;
  let held = 0;
  for (const value of numbers) {
    held |= value << bits;
    bits += width;
    for (; bits >= 8; bits -= 8) {
      target.addByte(held & 0xff);
      held >>>= 8;
    }
  }
  if (bits > 0) target.addByte(held);
  while (target.length < end) target.addByte(0);
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
