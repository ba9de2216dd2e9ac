import type { FieldValue } from '../interfaces/index.js';
import { KernelText } from './kernel/row-kernel.js';
import type { JsonScanner } from './scanner.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const LOWER_N = 0x6e;
/** Numbers noted for a member: where its key begins and ends (inside the quotes), and its value. */
export const MEMBER_STRIDE = 4;
const STRIDE = MEMBER_STRIDE;
const ROOM_MIN = 1024;
/** A guess at how dense members are in text, so that the index seldom grows. */
const BYTES_PER_NUMBER = 12;

/** Where the top-level members of rows lie in a buffer. Filled once, row by row, in one pass over the text. */
export class MemberIndex {
  readonly #text: KernelText;
  #places: Uint32Array;
  #end = 0;
  #hasEscapedKeys = false;

  /** @param bytes the text that will be indexed. */
  constructor(bytes: Uint8Array) {
    this.#text = new KernelText(bytes);
    this.#places = new Uint32Array(Math.max(ROOM_MIN, Math.ceil(bytes.length / BYTES_PER_NUMBER)));
  }

  /** Where the next row's members will begin; pairs of it delimit a row's members. */
  get end(): number {
    return this.#end;
  }

  /** All that is noted, {@link MEMBER_STRIDE} numbers for each member. Valid until the next `addRow`. */
  get places(): Uint32Array {
    return this.#places;
  }

  /** Checks the object at `at`, notes its members, and answers the place after it. */
  addRow(scanner: JsonScanner, at: number): number {
    const end = this.#text.indexRow(at);
    if (end === -1) return this.#scanRow(scanner, at);
    const { noteCount, hasEscapedKeys } = this.#text;
    if (hasEscapedKeys) this.#hasEscapedKeys = true;
    while (this.#end + noteCount > this.#places.length) this.#grow();
    this.#text.copyNotes(this.#places, this.#end);
    this.#end += noteCount;
    return end;
  }

  /** As the kernel does, for rows of any size; says what is wrong with one. */
  #scanRow(scanner: JsonScanner, at: number): number {
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
   * Notes in `found`, for each name, where the member that spells it is noted, or -1; looks at the members
   * noted from `from` to `to`. The last of duplicate keys wins.
   */
  locate(names: FieldNames, [from, to]: readonly [number, number], found: Int32Array): void {
    const places = this.#places;
    found.fill(-1);
    for (let at = from; at < to; at += STRIDE) {
      const keyStart = places[at] as number;
      const keyEnd = places[at + 1] as number;
      let name = names.find(keyStart, keyEnd);
      if (name === -1 && this.#hasEscapedKeys) name = names.findEscaped(keyStart, keyEnd);
      if (name !== -1) found[name] = at;
    }
  }

  /** The value of the member noted at `at`, as a field of `bytes`. */
  read(bytes: Buffer, at: number): FieldValue {
    return readValue(bytes, this.#places[at + 2] as number, this.#places[at + 3] as number);
  }

  #addMember(scanner: JsonScanner, at: number): number {
    const escapesBefore = scanner.escapes;
    const keyEnd = scanner.skipString(at);
    if (scanner.escapes !== escapesBefore) this.#hasEscapedKeys = true;
    const colon = scanner.skipSpace(keyEnd);
    const value = scanner.skipSpace(scanner.skipByte(colon, COLON));
    const valueEnd = scanner.skipValue(value);
    if (this.#end + STRIDE > this.#places.length) this.#grow();
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

/** Names of fields, ready to be found among keys in a buffer without making strings of the keys. */
export class FieldNames {
  readonly #bytes: Buffer;
  readonly #names: readonly string[];
  readonly #spellings: readonly (Buffer | null)[];
  /** 1 at each length that a name has. */
  readonly #lengths: Uint8Array;

  constructor(bytes: Buffer, names: readonly string[]) {
    this.#bytes = bytes;
    this.#names = names;
    // A lone surrogate has no UTF-8, and a backslash in a text begins an escape: only an escaped key spells those.
    const isPlain = (name: string): boolean => name.isWellFormed() && !name.includes('\\');
    this.#spellings = names.map((name) => (isPlain(name) ? Buffer.from(name) : null));
    const lengths = this.#spellings.map((spelling) => spelling?.length ?? 0);
    this.#lengths = new Uint8Array(Math.max(0, ...lengths) + 1);
    for (const length of lengths) this.#lengths[length] = 1;
  }

  /** Which name stands from `start` to `end` as it is, or -1. */
  find(start: number, end: number): number {
    const length = end - start;
    if (length >= this.#lengths.length || this.#lengths[length] === 0) return -1;
    for (let name = 0; name < this.#spellings.length; name += 1) {
      const spelling = this.#spellings[name];
      if (spelling?.length === length && startsWith(this.#bytes, start, spelling)) return name;
    }
    return -1;
  }

  /** Which name a key from `start` to `end` spells with escapes, or -1. */
  findEscaped(start: number, end: number): number {
    const isEscaped = this.#bytes.subarray(start, end).includes(BACKSLASH);
    return isEscaped ? this.#names.indexOf(readString(this.#bytes, start - 1, end + 1)) : -1;
  }
}

function startsWith(bytes: Buffer, start: number, expected: Buffer): boolean {
  for (let place = 0; place < expected.length; place += 1) {
    if (bytes[start + place] !== expected[place]) return false;
  }
  return true;
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
