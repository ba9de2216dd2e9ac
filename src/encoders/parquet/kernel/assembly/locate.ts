// Which columns the members of rows belong to.

import { skipSpace, skipString, skipValue } from '../../../../rows/kernel/assembly/scan';
import { hasBackslash, isEqual } from './bytes';
import {
  ends,
  loose,
  looseRows,
  noteBounds,
  notes,
  placeOf,
  sources,
  starts,
  text,
} from './memory';

/** The keys of one object that columns want: five numbers. */
const FINDER_NODE_COUNT: usize = 0;
const FINDER_NODES: usize = 4;
/** What stood at each place in the object before: most objects have their keys in one order. */
const FINDER_GUESSES: usize = 8;
const FINDER_COLUMN_COUNT: usize = 12;
/** All columns in or below the object. */
const FINDER_COLUMNS: usize = 16;
const GUESSES_MAX: u32 = 256;

/** One key: four numbers. */
const NODE_KEY: usize = 0;
const NODE_KEY_LENGTH: usize = 4;
/** -1 when no column holds the value. */
const NODE_COLUMN: usize = 8;
/** The finder for what is inside of the value, or 0. */
const NODE_CHILDREN: usize = 12;
const NODE_BYTES: usize = 16;

const NONE: usize = 0;
/** The key may be one that columns want, spelt with escapes. */
const UNCLEAR: usize = 1;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;
const COMMA: u8 = 0x2c;

/**
 * Finds the columns' values in rows, from `row` on. Answers the number of rows, or the row in which an escaped key
 * stands. `textFrom` is where the window's text begins, and `noteFrom` where its notes do.
 */
export function locateRows(finder: usize, row: u32, rows: u32, textFrom: u32, noteFrom: u32): u32 {
  for (let place = row; place < rows; place += 1) {
    const from = load<u32>(noteBounds + 8 * place) - noteFrom;
    const to = load<u32>(noteBounds + 8 * place, 4) - noteFrom;
    if (!locateRow(finder, place, from, to, textFrom)) return place;
  }
  return rows;
}

function locateRow(finder: usize, row: u32, from: u32, to: u32, textFrom: u32): bool {
  let order: u32 = 0;
  for (let at = from; at < to; at += 4) {
    const note = notes + 4 * at;
    const key = load<u32>(note) - textFrom;
    const node = find(finder, text + key, load<u32>(note, 4) - textFrom - key, order);
    order += 1;
    if (node == UNCLEAR) return false;
    if (node == NONE) {
      loosen(row, at);
      continue;
    }
    const start = load<u32>(note, 8) - textFrom;
    const column = load<i32>(node, NODE_COLUMN);
    if (column == -1) {
      loosen(row, at);
    } else {
      const place = placeOf(column, row);
      if (load<u32>(starts + place) != 0) loosen(row, load<u32>(sources + place));
      store<u32>(sources + place, at);
      store<u32>(starts + place, start);
      store<u32>(ends + place, load<u32>(note, 12) - textFrom);
    }
    const children = load<u32>(node, NODE_CHILDREN);
    if (children != 0 && !locateInside(children, row, text + start)) return false;
  }
  return true;
}

/** Takes over what an earlier one of duplicate keys had inside, too. */
function locateInside(finder: usize, row: u32, value: usize): bool {
  const columns = load<u32>(finder, FINDER_COLUMNS);
  const count = load<u32>(finder, FINDER_COLUMN_COUNT);
  for (let at: u32 = 0; at < count; at += 1) {
    const column = load<u32>(columns + 4 * at);
    store<u32>(starts + placeOf(column, row), 0);
  }
  if (load<u8>(value) != OPEN_BRACE) return true;
  let next = skipSpace(value + 1);
  let order: u32 = 0;
  while (load<u8>(next) != CLOSE_BRACE) {
    if (load<u8>(next) == COMMA) next = skipSpace(next + 1);
    const keyEnd = skipString(next);
    const node = find(finder, next + 1, <u32>(keyEnd - next) - 2, order);
    order += 1;
    if (node == UNCLEAR) return false;
    const start = skipSpace(skipSpace(keyEnd) + 1);
    const end = skipValue(start);
    // Too deep for the kernel's stack.
    if (end == 0) return false;
    if (node != NONE) {
      const column = load<i32>(node, NODE_COLUMN);
      if (column != -1) {
        const place = placeOf(column, row);
        store<u32>(starts + place, <u32>(start - text));
        store<u32>(ends + place, <u32>(end - text));
      }
      const children = load<u32>(node, NODE_CHILDREN);
      if (children != 0 && !locateInside(children, row, start)) return false;
    }
    next = skipSpace(end);
  }
  return true;
}

function find(finder: usize, key: usize, length: u32, order: u32): usize {
  const guesses = load<u32>(finder, FINDER_GUESSES);
  if (order < GUESSES_MAX) {
    const guess = load<u32>(guesses + 4 * order);
    if (guess != 0 && isSpelt(guess, key, length)) return guess;
  }
  const found = search(finder, key, length);
  if (order < GUESSES_MAX && found > UNCLEAR) store<u32>(guesses + 4 * order, <u32>found);
  return found;
}

function search(finder: usize, key: usize, length: u32): usize {
  const count = load<u32>(finder, FINDER_NODE_COUNT);
  let node: usize = load<u32>(finder, FINDER_NODES);
  const end = node + NODE_BYTES * count;
  for (; node < end; node += NODE_BYTES) if (isSpelt(node, key, length)) return node;
  return hasBackslash(key, length) ? UNCLEAR : NONE;
}

@inline
function isSpelt(node: usize, key: usize, length: u32): bool {
  return (
    load<u32>(node, NODE_KEY_LENGTH) == length && isEqual(load<u32>(node, NODE_KEY), key, length)
  );
}

/** Marks the member noted at `at`. */
@inline
function loosen(row: u32, at: u32): void {
  store<u8>(loose + (at >> 2), 1);
  store<u8>(looseRows + row, 1);
}
