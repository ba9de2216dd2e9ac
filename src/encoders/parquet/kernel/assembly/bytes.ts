/** Whether `length` bytes are equal. Up to 7 bytes behind either may be read. */
export function isEqual(one: usize, other: usize, length: u32): bool {
  let at: usize = one;
  let against: usize = other;
  let rest = length;
  while (rest >= 8) {
    if (load<u64>(at) != load<u64>(against)) return false;
    at += 8;
    against += 8;
    rest -= 8;
  }
  if (rest == 0) return true;
  return (load<u64>(at) ^ load<u64>(against)) << (64 - 8 * <u64>rest) == 0;
}

/** Copies `length` bytes; may write up to 15 more, 16 of none. */
@inline
export function copyBytes(to: usize, from: usize, length: u32): void {
  v128.store(to, v128.load(from));
  if (length > 16) copyMore(to, from, length);
}

function copyMore(to: usize, from: usize, length: u32): void {
  if (length > 256) {
    memory.copy(to, from, length);
    return;
  }
  const end = to + length;
  let target = to + 16;
  let source = from + 16;
  while (target < end) {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  }
}

/** Whether a backslash stands among `length` bytes. Up to 15 bytes behind them may be read, 16 of none. */
@inline
export function hasBackslash(at: usize, length: u32): bool {
  const found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x5c)));
  if (found != 0) return <u32>ctz(found) < length;
  return length > 16 && hasLaterBackslash(at + 16, at + length);
}

function hasLaterBackslash(at: usize, end: usize): bool {
  let next = at;
  while (next < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(next), i8x16.splat(0x5c)));
    if (found != 0) return next + ctz(found) < end;
    next += 16;
  }
  return false;
}

/** Below 0 when the first comes before the second in the order of their bytes. */
export function compareBytes(one: usize, oneLength: u32, other: usize, otherLength: u32): i32 {
  let rest = min(oneLength, otherLength);
  let at: usize = one;
  let against: usize = other;
  while (rest >= 8) {
    const difference = load<u64>(at) ^ load<u64>(against);
    if (difference != 0) return order(at, against, difference);
    at += 8;
    against += 8;
    rest -= 8;
  }
  if (rest > 0) {
    const difference = (load<u64>(at) ^ load<u64>(against)) << (64 - 8 * <u64>rest);
    if (difference != 0) return order(at, against, difference >> (64 - 8 * <u64>rest));
  }
  return <i32>oneLength - <i32>otherLength;
}

/** Of the first byte that differs. */
function order(one: usize, other: usize, difference: u64): i32 {
  const at = <usize>(ctz(difference) >> 3);
  return <i32>load<u8>(one + at) - <i32>load<u8>(other + at);
}

/** A hash of `length` bytes. */
export function hashOf(at: usize, length: u32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ (<u64>length);
  let next: usize = at;
  let rest = length;
  while (rest >= 8) {
    hash = mix(hash ^ load<u64>(next));
    next += 8;
    rest -= 8;
  }
  if (rest > 0) hash = mix(hash ^ (load<u64>(next) << (64 - 8 * <u64>rest)));
  return <u32>(hash ^ (hash >> 32));
}

function mix(value: u64): u64 {
  const product = value * 0xff51afd7ed558ccd;
  return product ^ (product >> 29);
}
