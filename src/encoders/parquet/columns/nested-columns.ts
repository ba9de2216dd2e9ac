import { Leaf } from '../file/leaf.js';
import type { LeafMark } from '../file/leaf.js';
import { walkMembers } from '../values/members.js';
import { readDouble } from '../values/numbers.js';
import { takeString } from '../values/strings.js';
import type { Place, TakeText } from '../values/strings.js';
import type { ColumnBuffer } from './column-buffer.js';
import { nestedColumn } from './plain-column.js';
import type { AddValue, ValueSource } from './plain-column.js';

const LOWER_N = 0x6e;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;

/** What the definition levels of a list or a map mean. */
const NULL_ROW = 0;
const NO_ENTRIES = 1;
const NULL_ITEM = 2;
const ITEM = 3;
/** Keys cannot be null, so they have a level less. */
const KEY = 2;

/** Arrays of strings and nulls. */
export function stringListColumn(name: string): ColumnBuffer {
  const path = [name, 'list', 'element'];
  const leaf = new Leaf({ path, type: 'bytes', maxDefinition: ITEM, maxRepetition: 1 });
  const takeText: TakeText = (source, start, end) => leaf.values.addCounted(source, start, end);
  const addItem = (source: ValueSource, place: Place, repetition: number): boolean => {
    const isNull = source.bytes[place.start] === LOWER_N;
    if (!isNull && !takeString(source, place, takeText)) return false;
    leaf.addLevels(isNull ? NULL_ITEM : ITEM, repetition);
    return true;
  };
  const add: AddValue = (source, start) => {
    if (source.bytes[start] !== OPEN_BRACKET) return false;
    return addAll([leaf], walkItems(source, start), (place, repetition) =>
      addItem(source, place, repetition),
    );
  };
  return nestedColumn({ leaves: [leaf], add, addNull: () => leaf.addLevels(NULL_ROW, 0) });
}

/** Objects of numbers and nulls. */
export function numberMapColumn(name: string): ColumnBuffer {
  const group = [name, 'key_value'];
  const shape = { path: [...group, 'key'], type: 'bytes', maxDefinition: KEY } as const;
  const keys = new Leaf({ ...shape, maxRepetition: 1 });
  const numbers = new Leaf({
    path: [...group, 'value'],
    type: 'double',
    maxDefinition: ITEM,
    maxRepetition: 1,
  });
  const leaves = [keys, numbers];
  const takeText: TakeText = (source, start, end) => keys.values.addCounted(source, start, end);
  const add: AddValue = (source, start) => {
    const { bytes } = source;
    if (bytes[start] !== OPEN_BRACE) return false;
    const seen = new Set<string>();
    return addAll(leaves, walkMembers(source.scanner, start), ({ key, value }, repetition) => {
      if (!isNew(seen, bytes, key) || !takeString(source, key, takeText)) return false;
      keys.addLevels(KEY, repetition);
      return addNumber(numbers, { bytes, ...value }, repetition);
    });
  };
  const addNull = (): void => {
    for (const leaf of leaves) leaf.addLevels(NULL_ROW, 0);
  };
  return nestedColumn({ leaves, add, addNull });
}

/** Whether the key was not in the set, to which it is added. */
function isNew(seen: Set<string>, bytes: Buffer, { start, end }: Place): boolean {
  const size = seen.size;
  return seen.add(JSON.parse(bytes.toString('utf8', start, end)) as string).size > size;
}

function addNumber(
  leaf: Leaf,
  { bytes, start, end }: Place & { readonly bytes: Buffer },
  repetition: number,
): boolean {
  const isNull = bytes[start] === LOWER_N;
  const value = isNull ? 0 : readDouble(bytes, start, end);
  if (Number.isNaN(value)) return false;
  leaf.addLevels(isNull ? NULL_ITEM : ITEM, repetition);
  if (!isNull) leaf.values.addDouble(value);
  return true;
}

/** Adds every entry, or none when one does not fit. */
function addAll<Entry>(
  leaves: readonly Leaf[],
  entries: Iterable<Entry>,
  add: (entry: Entry, repetition: number) => boolean,
): boolean {
  const marks: readonly LeafMark[] = leaves.map((leaf) => leaf.mark());
  let repetition = 0;
  for (const entry of entries) {
    if (!add(entry, repetition)) {
      for (const [index, leaf] of leaves.entries()) leaf.restore(marks[index] as LeafMark);
      return false;
    }
    repetition = 1;
  }
  if (repetition === 0) for (const leaf of leaves) leaf.addLevels(NO_ENTRIES, 0);
  return true;
}

/** The items of the array at `start`. */
function* walkItems({ scanner }: ValueSource, start: number): Generator<Place, void, void> {
  let next = scanner.skipSpace(start + 1);
  if (scanner.byteAt(next) === CLOSE_BRACKET) return;
  for (;;) {
    const end = scanner.skipValue(next);
    yield { start: next, end };
    next = scanner.skipSpace(end);
    if (scanner.byteAt(next) === CLOSE_BRACKET) return;
    next = scanner.skipSpace(scanner.skipByte(next, COMMA));
  }
}
