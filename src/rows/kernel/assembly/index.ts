import { escapes, skipPlain, skipSpace, skipString, skipValue } from './scan';

/** Bytes of what is noted of a member: four numbers. */
const MEMBER: usize = 16;

/** Where it is written where the notes of the last row end. Reading an exported global takes longer. */
const NOTES_END: usize = 0;
/** Where it is written how many of its keys have escapes. */
const ESCAPED_KEYS: usize = 4;

/**
 * Checks the object at `at` and notes, from `notes` on, where its members are: begin and end of the key inside its
 * quotes, begin and end of the value; each as its address plus `shift`. Answers the place after the object, or 0
 * when it is not understood, or when the notes would pass `limit`.
 */
export function indexRow(at: usize, notes: usize, limit: usize, shift: u32): usize {
  let note = notes;
  let escapedKeys: u32 = 0;
  if (load<u8>(at) != 0x7b) return 0;
  let next = skipSpace(at + 1);
  if (load<u8>(next) == 0x7d) {
    return endRow(next + 1, note, 0);
  }
  while (true) {
    const escapesBefore = escapes;
    const keyEnd = skipString(next);
    if (keyEnd == 0) return 0;
    if (escapes != escapesBefore) escapedKeys += 1;
    const colon = skipSpace(keyEnd);
    if (load<u8>(colon) != 0x3a) return 0;
    const value = skipSpace(colon + 1);
    const first = load<u8>(value);
    const valueEnd = first == 0x7b || first == 0x5b ? skipValue(value) : skipPlain(value, first);
    if (valueEnd == 0 || note + MEMBER > limit) return 0;
    store<u32>(note, <u32>next + 1 + shift);
    store<u32>(note, <u32>keyEnd - 1 + shift, 4);
    store<u32>(note, <u32>value + shift, 8);
    store<u32>(note, <u32>valueEnd + shift, 12);
    note += MEMBER;
    next = skipSpace(valueEnd);
    const byte = load<u8>(next);
    if (byte == 0x7d) {
      return endRow(next + 1, note, escapedKeys);
    }
    if (byte != 0x2c) return 0;
    next = skipSpace(next + 1);
  }
}

function endRow(end: usize, notesEnd: usize, escapedKeys: u32): usize {
  store<u32>(NOTES_END, <u32>notesEnd);
  store<u32>(ESCAPED_KEYS, escapedKeys);
  return end;
}
