// The different strings of one column in one row group. A dictionary is a place in memory: four numbers, then the slots
// of a hash table, then the entries' places and hashes, then their bytes, each with its size in front.

import { copyBytes, hashOf, isEqual } from './bytes';

const ENTRY_MAX_BYTES: u32 = 256;
/** So many entries are kept in any case, and one more for every fourth value. */
const ENTRIES_MIN: u32 = 512;
const VALUES_PER_ENTRY: u32 = 4;
export const ENTRIES_MAX: u32 = 4096;
export const ENTRIES_MAX_BYTES: u32 = 65536;

const SIZE: usize = 0;
const BYTES: usize = 4;
/** How many values were added. */
const VALUE_COUNT: usize = 8;
const SLOTS: usize = 16;
/** Half of the slots are empty at least. */
const SLOT_COUNT: u32 = 2 * ENTRIES_MAX;
const STARTS: usize = SLOTS + 2 * SLOT_COUNT;
const HASHES: usize = STARTS + 4 * ENTRIES_MAX;
export const ENTRIES: usize = HASHES + 4 * ENTRIES_MAX;

/** The place of a string among the entries, to which it is added when it is new; -1 when they are full. */
export function add(dictionary: usize, at: usize, length: u32): i32 {
  if (length > ENTRY_MAX_BYTES) return -1;
  const hash = hashOf(at, length);
  const entries = dictionary + ENTRIES;
  let slot = hash & (SLOT_COUNT - 1);
  while (true) {
    const entry = <i32>load<u16>(dictionary + SLOTS + 2 * slot) - 1;
    if (entry == -1) break;
    if (load<u32>(dictionary + HASHES + 4 * entry) == hash) {
      const known = entries + load<u32>(dictionary + STARTS + 4 * entry);
      if (load<u32>(known) == length && isEqual(known + 4, at, length)) {
        store<u32>(dictionary, load<u32>(dictionary, VALUE_COUNT) + 1, VALUE_COUNT);
        return entry;
      }
    }
    slot = (slot + 1) & (SLOT_COUNT - 1);
  }
  return addEntry(dictionary, at, length, hash, slot);
}

function addEntry(dictionary: usize, at: usize, length: u32, hash: u32, slot: u32): i32 {
  const size = load<u32>(dictionary, SIZE);
  const bytes = load<u32>(dictionary, BYTES);
  const valueCount = load<u32>(dictionary, VALUE_COUNT);
  const max = min(ENTRIES_MIN + valueCount / VALUES_PER_ENTRY, ENTRIES_MAX);
  if (size >= max || bytes + 4 + length > ENTRIES_MAX_BYTES) return -1;
  const entry = dictionary + ENTRIES + bytes;
  store<u32>(entry, length);
  copyBytes(entry + 4, at, length);
  store<u16>(dictionary + SLOTS + 2 * slot, <u16>(size + 1));
  store<u32>(dictionary + STARTS + 4 * size, bytes);
  store<u32>(dictionary + HASHES + 4 * size, hash);
  store<u32>(dictionary, size + 1, SIZE);
  store<u32>(dictionary, bytes + 4 + length, BYTES);
  store<u32>(dictionary, valueCount + 1, VALUE_COUNT);
  return size;
}

/** Begins anew. */
export function clearDictionary(dictionary: usize): void {
  memory.fill(dictionary, 0, SLOTS + 2 * SLOT_COUNT);
}
