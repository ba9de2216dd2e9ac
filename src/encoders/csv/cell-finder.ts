import { FieldNames, MEMBER_STRIDE } from '../../rows/member-index.js';
import type { IndexedText } from '../../rows/row-batch.js';
import { JsonScanner } from '../../rows/scanner.js';
import type { CsvColumn } from './csv-columns.js';

const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NOWHERE = -1;

/** The keys that columns want of one object, and what they want of each. */
interface WantedKeys {
  readonly keys: string[];
  /** By key: the column that holds the value, or -1. */
  readonly columns: number[];
  /** By key: what columns want from inside of the value. */
  readonly inside: (WantedKeys | null)[];
}

/** The same, ready for one text. */
interface KeySearch {
  readonly names: FieldNames;
  readonly columns: readonly number[];
  readonly inside: readonly (KeySearch | null)[];
  /** By key: where the value of the object's last such member begins, or -1. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Finds where the values of columns stand in the rows of a text, one row at a time. */
export class CellFinder {
  /** By column: where the value begins, or -1 when the row has none. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: Buffer;
  readonly columns: readonly CsvColumn[];
  readonly #text: IndexedText;
  readonly #scanner: JsonScanner;
  readonly #search: KeySearch;
  /** By key of the row: where its member is noted, or -1. */
  readonly #found: Int32Array;
  /** 1 for each member of the row that a column holds. */
  #held = new Uint8Array(0);
  #range: readonly [number, number] = [0, 0];

  constructor(text: IndexedText, columns: readonly CsvColumn[]) {
    const { buffer, byteOffset, length } = text.bytes;
    this.bytes = Buffer.from(buffer, byteOffset, length);
    this.columns = columns;
    this.starts = new Int32Array(columns.length);
    this.ends = new Int32Array(columns.length);
    this.#text = text;
    this.#scanner = new JsonScanner(text.bytes);
    this.#search = searchFor(this.bytes, wantedKeys(columns));
    this.#found = new Int32Array(this.#search.columns.length);
  }

  /** Goes to a row. */
  find(row: number): void {
    const { members, memberBounds } = this.#text;
    this.#range = [memberBounds[2 * row] as number, memberBounds[2 * row + 1] as number];
    this.#held = new Uint8Array((this.#range[1] - this.#range[0]) / MEMBER_STRIDE);
    members.locate(this.#search.names, this.#range, this.#found);
    for (const [key, at] of this.#found.entries()) {
      const isThere = at !== NOWHERE;
      this.#search.starts[key] = isThere ? (members.places[at + 2] as number) : NOWHERE;
      this.#search.ends[key] = isThere ? (members.places[at + 3] as number) : NOWHERE;
      if (this.#search.columns[key] !== NOWHERE) this.#mark(at, 1);
    }
    this.starts.fill(NOWHERE);
    this.#take(this.#search);
  }

  /** Leaves the value of a column to {@link extraText}, if the column holds a member of the row. */
  release(column: number): void {
    this.starts[column] = NOWHERE;
    const key = this.#search.columns.indexOf(column);
    if (key !== -1) this.#mark(this.#found[key] as number, 0);
  }

  /** The members of the row that no column holds, as a JSON object spelt as they are; `null` when there are none. */
  extraText(): string | null {
    const { places } = this.#text.members;
    const parts: string[] = [];
    for (const [index, isHeld] of this.#held.entries()) {
      if (isHeld === 1) continue;
      const at = this.#range[0] + index * MEMBER_STRIDE;
      const key = this.bytes.toString('utf8', places[at], places[at + 1]);
      const value = this.bytes.toString('utf8', places[at + 2], places[at + 3]);
      parts.push(`"${key}":${value}`);
    }
    return parts.length === 0 ? null : `{${parts.join(',')}}`;
  }

  /** The key of the first member that no column holds, or `null`. */
  extraKey(): string | null {
    const index = this.#held.indexOf(0);
    if (index === -1) return null;
    const { places } = this.#text.members;
    const at = this.#range[0] + index * MEMBER_STRIDE;
    const key = this.bytes.toString('utf8', places[at], places[at + 1]);
    return JSON.parse(`"${key}"`) as string;
  }

  #mark(at: number, isHeld: 0 | 1): void {
    if (at !== NOWHERE) this.#held[(at - this.#range[0]) / MEMBER_STRIDE] = isHeld;
  }

  /** Gives columns what was found in an object, and looks inside of it for what they want from there. */
  #take(search: KeySearch): void {
    for (const [key, start] of search.starts.entries()) {
      if (start === NOWHERE) continue;
      const column = search.columns[key] as number;
      if (column !== NOWHERE) {
        this.starts[column] = start;
        this.ends[column] = search.ends[key] as number;
      }
      const inside = search.inside[key];
      if (inside == null || this.bytes[start] !== OPEN_BRACE) continue;
      this.#searchObject(inside, start);
      this.#take(inside);
    }
  }

  /** Looks for keys in the object whose brace stands at `start`. */
  #searchObject(search: KeySearch, start: number): void {
    const scanner = this.#scanner;
    search.starts.fill(NOWHERE);
    let at = scanner.skipSpace(start + 1);
    while (scanner.byteAt(at) !== CLOSE_BRACE) {
      const keyEnd = scanner.skipString(at);
      const valueStart = scanner.skipSpace(scanner.skipSpace(keyEnd) + 1);
      const valueEnd = scanner.skipValue(valueStart);
      const key = findKey(search.names, at + 1, keyEnd - 1);
      if (key !== -1) {
        search.starts[key] = valueStart;
        search.ends[key] = valueEnd;
      }
      at = scanner.skipSpace(valueEnd);
      if (scanner.byteAt(at) === COMMA) at = scanner.skipSpace(at + 1);
    }
  }
}

function findKey(names: FieldNames, start: number, end: number): number {
  const plain = names.find(start, end);
  return plain === -1 ? names.findEscaped(start, end) : plain;
}

function wantedKeys(columns: readonly CsvColumn[]): WantedKeys {
  const root: WantedKeys = { keys: [], columns: [], inside: [] };
  for (const [column, { path }] of columns.entries()) {
    let wanted = root;
    for (const [depth, key] of path.entries()) {
      const place = placeOf(wanted, key);
      if (depth === path.length - 1) wanted.columns[place] = column;
      else wanted = wanted.inside[place] ??= { keys: [], columns: [], inside: [] };
    }
  }
  return root;
}

function placeOf(wanted: WantedKeys, key: string): number {
  const known = wanted.keys.indexOf(key);
  if (known !== -1) return known;
  wanted.columns.push(NOWHERE);
  wanted.inside.push(null);
  return wanted.keys.push(key) - 1;
}

function searchFor(bytes: Buffer, wanted: WantedKeys): KeySearch {
  return {
    names: new FieldNames(bytes, wanted.keys),
    columns: wanted.columns,
    inside: wanted.inside.map((inside) => inside && searchFor(bytes, inside)),
    starts: new Int32Array(wanted.keys.length),
    ends: new Int32Array(wanted.keys.length),
  };
}
