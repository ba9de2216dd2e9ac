import { assert } from '../../errors/index.js';
import type { RowText } from '../../interfaces/index.js';
import { MEMBER_STRIDE } from '../../rows/member-index.js';
import type { MemberIndex } from '../../rows/member-index.js';
import { JsonScanner } from '../../rows/scanner.js';
import type { ValueSource } from './columns/plain-column.js';
import { byteSource } from './growing-bytes.js';
import type { ByteSource } from './growing-bytes.js';
import { createKeyFinder } from './key-finder.js';
import type { KeyFinder } from './key-finder.js';
import type { Column } from './schema.js';
import { MemberWalk } from './values/members.js';
import type { Member } from './values/members.js';
import type { Place } from './values/strings.js';

/** Most rows that are looked at together. */
const ROWS_MAX = 512;
const OPEN_BRACE = 0x7b;

/** What a window has room for: so many rows, and no further row once they have so many bytes together. */
export interface WindowRoom {
  readonly rows: number;
  readonly bytes: number;
}

/** The most that a window takes: about a millisecond of work. */
export const WINDOW_ROOM: WindowRoom = { rows: ROWS_MAX, bytes: 256 * 1024 };

/** Rows as text that is known to be JSON, and where their top-level members are. */
export interface MemberText extends RowText {
  readonly members: Pick<MemberIndex, 'places'>;
  /** Start and end of each row's members among the places. */
  readonly memberBounds: Uint32Array;
}

/** A value of another type than its column's. */
export interface Refusal {
  readonly column: number;
  /** Place of the row within its text. */
  readonly rowIndex: number;
}

/** A few rows that follow each other in a text, and where the values of each column stand. Used again and again. */
export class RowWindow implements ValueSource {
  readonly #columns: readonly Column[];
  readonly #finder: KeyFinder;
  #text: MemberText | null = null;
  #source: ByteSource = byteSource(new Uint8Array(0));
  #scanner = new JsonScanner(this.#source.bytes);
  /** Where the value of a column and a row begins, at `placeOf` the two; 0 when there is none. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Where the members of those values are noted; for columns of top-level members. */
  readonly #members: Uint32Array;
  #from = 0;
  #rows = 0;
  #refusals: Refusal[] = [];
  /** 1 for each member that no column holds; the first member of the window has place 0. */
  #loose = new Uint8Array(0);
  /** 1 for each row with such members. */
  readonly #looseRows = new Uint8Array(ROWS_MAX);

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#finder = createKeyFinder(columns);
    this.starts = new Uint32Array(columns.length * ROWS_MAX);
    this.ends = new Uint32Array(columns.length * ROWS_MAX);
    this.#members = new Uint32Array(columns.length * ROWS_MAX);
  }

  get bytes(): Buffer {
    return this.#source.bytes;
  }

  get view(): DataView {
    return this.#source.view;
  }

  get scanner(): JsonScanner {
    return this.#scanner;
  }

  /** Rows in the window. */
  get rows(): number {
    return this.#rows;
  }

  /** What was refused since the window moved. */
  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  /** Gives the window another text, and leaves it empty at its beginning. */
  open(text: MemberText): void {
    const { bytes } = text;
    this.#text = text;
    this.#source = byteSource(bytes);
    this.#scanner = new JsonScanner(bytes);
    this.#finder.open(this.#source);
    this.#from = 0;
    this.#rows = 0;
  }

  /** Lets go of the text. */
  close(): void {
    this.#text = null;
    this.#source = byteSource(new Uint8Array(0));
    this.#scanner = new JsonScanner(this.#source.bytes);
    this.#rows = 0;
  }

  /**
   * Goes to the next rows, at most so many as there is room for. Answers how many bytes they have, or 0 at the
   * end of the text.
   */
  advance(room: WindowRoom = WINDOW_ROOM): number {
    const { bounds } = this.#opened();
    this.#from += this.#rows;
    this.#rows = 0;
    this.#refusals = [];
    let size = 0;
    for (let at = 2 * this.#from; at < bounds.length && size < room.bytes; at += 2) {
      if (this.#rows === room.rows) break;
      size += (bounds[at + 1] as number) - (bounds[at] as number);
      this.#rows += 1;
    }
    if (this.#rows === 0) return 0;
    this.#clear();
    for (let row = 0; row < this.#rows; row += 1) this.#locate(row);
    return size;
  }

  /** Where `starts` and `ends` have a column's value of a row. Rows follow each other. */
  placeOf(column: number, row: number): number {
    return column * ROWS_MAX + row;
  }

  /** Notes that a column cannot hold its value of a row. */
  refuse(column: number, row: number): void {
    this.#refusals.push({ column, rowIndex: this.#from + row });
    const isTopLevel = this.#columns[column]?.path.length === 1;
    if (isTopLevel) this.#loosen(row, this.#members[this.placeOf(column, row)] as number);
  }

  /** Whether the row has members that no column holds. */
  hasLoose(row: number): boolean {
    return this.#looseRows[row] === 1;
  }

  /** Calls `visit` for each member of the row that no column holds. */
  eachLoose(row: number, visit: (member: Member) => void): void {
    const { places } = this.#opened().members;
    const [first, end] = this.#memberBounds(row);
    const base = this.#memberBounds(0)[0];
    for (let at = first; at < end; at += MEMBER_STRIDE) {
      if (this.#loose[(at - base) / MEMBER_STRIDE] === 0) continue;
      visit({
        key: { start: (places[at] as number) - 1, end: (places[at + 1] as number) + 1 },
        value: { start: places[at + 2] as number, end: places[at + 3] as number },
      });
    }
  }

  /** The first key of the row that no column holds, or `null`. */
  firstLooseKey(row: number): string | null {
    if (!this.hasLoose(row)) return null;
    const keys: Place[] = [];
    this.eachLoose(row, ({ key }) => keys.push(key));
    const { start, end } = keys[0] as Place;
    return JSON.parse(this.bytes.toString('utf8', start, end)) as string;
  }

  /** Place of a row of the window within its text. */
  indexOf(row: number): number {
    return this.#from + row;
  }

  #opened(): MemberText {
    assert(this.#text !== null, 'the window has no text');
    return this.#text;
  }

  #clear(): void {
    const first = this.#memberBounds(0)[0];
    const count = (this.#memberBounds(this.#rows - 1)[1] - first) / MEMBER_STRIDE;
    this.starts.fill(0);
    this.#looseRows.fill(0);
    if (this.#loose.length < count) this.#loose = new Uint8Array(2 * count);
    else this.#loose.fill(0, 0, count);
  }

  /** Where the members of a row are noted. */
  #memberBounds(row: number): readonly [number, number] {
    const { memberBounds } = this.#opened();
    const at = 2 * (this.#from + row);
    return [memberBounds[at] as number, memberBounds[at + 1] as number];
  }

  #locate(row: number): void {
    const { memberBounds, members } = this.#opened();
    const { places } = members;
    const end = memberBounds[2 * (this.#from + row) + 1] as number;
    let at = memberBounds[2 * (this.#from + row)] as number;
    for (let order = 0; at < end; order += 1, at += MEMBER_STRIDE) {
      const node = this.#finder.find(places[at] as number, places[at + 1] as number, order);
      const start = places[at + 2] as number;
      if (node === undefined || node.column === -1) {
        this.#loosen(row, at);
      } else {
        const place = this.placeOf(node.column, row);
        if (this.starts[place] !== 0) this.#loosen(row, this.#members[place] as number);
        this.#members[place] = at;
        this.starts[place] = start;
        this.ends[place] = places[at + 3] as number;
      }
      if (node !== undefined && node.children !== null)
        this.#locateInside(node.children, row, start);
    }
  }

  /** Takes over what an earlier one of duplicate keys had inside, too. */
  #locateInside(finder: KeyFinder, row: number, valueStart: number): void {
    for (const column of finder.columns) this.starts[this.placeOf(column, row)] = 0;
    if (this.bytes[valueStart] !== OPEN_BRACE) return;
    const walk = new MemberWalk(this.#scanner, valueStart);
    for (let order = 0; walk.advance(); order += 1) {
      const node = finder.find(walk.keyStart + 1, walk.keyEnd - 1, order);
      if (node === undefined) continue;
      if (node.column !== -1) {
        const place = this.placeOf(node.column, row);
        this.starts[place] = walk.valueStart;
        this.ends[place] = walk.valueEnd;
      }
      if (node.children !== null) this.#locateInside(node.children, row, walk.valueStart);
    }
  }

  /** Marks the member noted at `at`. */
  #loosen(row: number, at: number): void {
    this.#loose[(at - this.#memberBounds(0)[0]) / MEMBER_STRIDE] = 1;
    this.#looseRows[row] = 1;
  }
}
