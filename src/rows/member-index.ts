import type { FieldValue } from '../interfaces/index.js';
import type { JsonScanner } from './scanner.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const LOWER_N = 0x6e;
/** Numbers noted for a member: where its key begins and ends (inside the quotes), and its value. */
const STRIDE = 4;
const ROOM_MIN = 1024;
/** A guess at how dense members are in text, so that the index seldom grows. */
const BYTES_PER_NUMBER = 12;

/** Where the top-level members of rows lie in a buffer. Filled once, row by row, in one pass over the text. */
export class MemberIndex {
  #places: Uint32Array;
  #end = 0;
  #hasEscapedKeys = false;

  /** @param textBytes how much text will be indexed, about. */
  constructor(textBytes: number) {
    this.#places = new Uint32Array(Math.max(ROOM_MIN, Math.ceil(textBytes / BYTES_PER_NUMBER)));
  }

  /** Where the next row's members will begin; pairs of it delimit a row's members. */
  get end(): number {
    return this.#end;
  }

  /** Checks the object at `at`, notes its members, and answers the place after it. */
  addRow(scanner: JsonScanner, at: number): number {
    let next = scanner.skipSpace(scanner.skipByte(at, OPEN_BRACE));
    if (scanner.byteAt(next) === CLOSE_BRACE) return next + 1;
    for (;;) {
      next = scanner.skipSpace(this.#addMember(scanner, next));
      if (scanner.byteAt(next) === CLOSE_BRACE) return next + 1;
      if (scanner.byteAt(next) !== COMMA) scanner.fail(next, '"," or "}" is missing');
      next = scanner.skipSpace(next + 1);
    }
  }

  /**
   * The value of the field `name` in the row whose members are noted from `from` to `to`; the last of
   * duplicate keys wins.
   */
  find(bytes: Buffer, name: FieldName, [from, to]: readonly [number, number]): FieldValue {
    const places = this.#places;
    // An escape is longer than what it stands for, so only a longer key can hold one.
    const lengthMax = this.#hasEscapedKeys ? Infinity : name.length;
    for (let at = to - STRIDE; at >= from; at -= STRIDE) {
      const keyStart = places[at] as number;
      const keyEnd = places[at + 1] as number;
      const length = keyEnd - keyStart;
      if (length < name.length || length > lengthMax) continue;
      if (!name.matches(bytes, keyStart, keyEnd)) continue;
      return readValue(bytes, places[at + 2] as number, places[at + 3] as number);
    }
    return null;
  }

  #addMember(scanner: JsonScanner, at: number): number {
    const escapesBefore = scanner.escapes;
    const keyEnd = scanner.skipString(at);
    if (scanner.escapes !== escapesBefore) this.#hasEscapedKeys = true;
    const colon = scanner.skipSpace(keyEnd);
    const value = scanner.skipSpace(scanner.skipByte(colon, COLON));
    const valueEnd = scanner.skipValue(value);
    if (this.#end === this.#places.length) this.#grow();
    const places = this.#places;
    const end = this.#end;
    places[end] = at + 1;
    places[end + 1] = keyEnd - 1;
    places[end + 2] = value;
    places[end + 3] = valueEnd;
    this.#end = end + STRIDE;
    return valueEnd;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#places.length * 2);
    grown.set(this.#places);
    this.#places = grown;
  }
}

/** A field's name, ready to be compared with keys in a buffer without making strings of them. */
export class FieldName {
  /** Bytes of the name without escapes. */
  readonly length: number;
  readonly #name: string;
  readonly #bytes: Buffer;

  constructor(name: string) {
    this.#name = name;
    this.#bytes = Buffer.from(name);
    this.length = this.#bytes.length;
  }

  /** Whether the key text from `start` to `end` spells this name, escapes included. */
  matches(bytes: Buffer, start: number, end: number): boolean {
    if (end - start !== this.length) return readString(bytes, start - 1, end + 1) === this.#name;
    for (let place = 0; place < this.length; place += 1) {
      if (bytes[start + place] !== this.#bytes[place]) return false;
    }
    // The bytes of a lone surrogate in the name would match U+FFFD in a key.
    return this.#name.isWellFormed();
  }
}

function readValue(bytes: Buffer, start: number, end: number): FieldValue {
  const first = bytes[start] as number;
  if (first === QUOTE) return readString(bytes, start, end);
  if (first === LOWER_N) return null;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return undefined;
  return bytes.toString('latin1', start, end);
}

/** The string whose quotes stand at `start` and before `end`. */
function readString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
