import { assert } from '../../errors/index.js';
import type { RowText } from '../../interfaces/index.js';
import { MEMBER_STRIDE } from '../../rows/member-index.js';
import type { MemberIndex } from '../../rows/member-index.js';
import { JsonScanner } from '../../rows/scanner.js';
import type { ValueSource } from './columns/plain-column.js';
import { byteSource } from './growing-bytes.js';
import type { ByteSource } from './growing-bytes.js';
import { KERNEL_ROWS_MAX } from './kernel/column-kernel.js';
import type { ColumnKernel } from './kernel/column-kernel.js';
import { createKeyFinder } from './key-finder.js';
import type { KeyFinder } from './key-finder.js';
import type { Column } from './schema.js';
import { MemberWalk } from './values/members.js';
import type { Member } from './values/members.js';
import type { Place } from './values/strings.js';

const OPEN_BRACE = 0x7b;

/** What a window has room for: so many rows, and no further row once they have so many bytes together. */
export interface WindowRoom {
  readonly rows: number;
  readonly bytes: number;
}

/** The most that a window takes: about a millisecond of work. */
export const WINDOW_ROOM: WindowRoom = { rows: KERNEL_ROWS_MAX, bytes: 256 * 1024 };

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

const NOTHING: ByteSource = byteSource(new Uint8Array(0));

/**
 * A few rows that follow each other in a text, and where the values of each column stand. Used again and again.
 *
 * The kernel gets a copy of the rows and finds the values. Rows that have no room there stay where they are, and are
 * read without it; so are rows with escaped keys.
 */
export class RowWindow implements ValueSource {
  /** Where the value of a column and a row begins, at `placeOf` the two; 0 when there is none. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly kernel: ColumnKernel;
  readonly #columns: readonly Column[];
  readonly #finder: KeyFinder;
  #text: MemberText | null = null;
  /** The text, or the kernel's copy of the window. */
  #source: ByteSource = NOTHING;
  readonly #kernelScanner: JsonScanner;
  #textScanner = new JsonScanner(NOTHING.bytes);
  #isInKernel = false;
  /** Where the source begins in the text. */
  #origin = 0;
  #from = 0;
  #rows = 0;
  #refusals: Refusal[] = [];
  /** 1 for each member that no column holds; the first member of the window has place 0. */
  #loose: Uint8Array;

  constructor(columns: readonly Column[], kernel: ColumnKernel) {
    this.#columns = columns;
    this.kernel = kernel;
    this.#finder = createKeyFinder(columns);
    this.#kernelScanner = new JsonScanner(kernel.text.bytes);
    this.starts = kernel.starts;
    this.ends = kernel.ends;
    this.#loose = kernel.loose;
  }

  get bytes(): Buffer {
    return this.#source.bytes;
  }

  get view(): DataView {
    return this.#source.view;
  }

  get scanner(): JsonScanner {
    return this.#isInKernel ? this.#kernelScanner : this.#textScanner;
  }

  /** Whether the kernel has the rows, and can take their values. */
  get isInKernel(): boolean {
    return this.#isInKernel;
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
    this.#text = text;
    this.#from = 0;
    this.#rows = 0;
  }

  /** Lets go of the text. */
  close(): void {
    this.#text = null;
    this.#useSource(NOTHING);
    this.#textScanner = new JsonScanner(NOTHING.bytes);
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
      if (this.#rows === room.rows || (this.#rows > 0 && !this.#kernelHasRoom(this.#rows + 1)))
        break;
      size += (bounds[at + 1] as number) - (bounds[at] as number);
      this.#rows += 1;
    }
    if (this.#rows === 0) return 0;
    this.starts.fill(0);
    this.kernel.looseRows.fill(0);
    if (this.#kernelHasRoom(this.#rows)) this.#enterKernel();
    else this.#stayInText();
    return size;
  }

  /** Where `starts` and `ends` have a column's value of a row. Rows follow each other. */
  placeOf(column: number, row: number): number {
    return column * KERNEL_ROWS_MAX + row;
  }

  /** Notes that a column cannot hold its value of a row. */
  refuse(column: number, row: number): void {
    this.#refusals.push({ column, rowIndex: this.#from + row });
    const isTopLevel = this.#columns[column]?.path.length === 1;
    if (isTopLevel) this.#loosen(row, this.kernel.sources[this.placeOf(column, row)] as number);
  }

  /** Whether the row has members that no column holds. */
  hasLoose(row: number): boolean {
    return this.kernel.looseRows[row] === 1;
  }

  /** Calls `visit` for each member of the row that no column holds. */
  eachLoose(row: number, visit: (member: Member) => void): void {
    const { places } = this.#opened().members;
    const [first, end] = this.#memberBounds(row);
    const base = this.#memberBounds(0)[0];
    const placeAt = (at: number): number => (places[at] as number) - this.#origin;
    for (let at = first; at < end; at += MEMBER_STRIDE) {
      if (this.#loose[(at - base) / MEMBER_STRIDE] === 0) continue;
      visit({
        key: { start: placeAt(at) - 1, end: placeAt(at + 1) + 1 },
        value: { start: placeAt(at + 2), end: placeAt(at + 3) },
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

  /** Whether so many rows from the window's first on fit into the kernel. */
  #kernelHasRoom(rows: number): boolean {
    const { bounds } = this.#opened();
    const start = bounds[2 * this.#from] as number;
    const end = bounds[2 * (this.#from + rows) - 1] as number;
    const members = (this.#memberBounds(rows - 1)[1] - this.#memberBounds(0)[0]) / MEMBER_STRIDE;
    return this.kernel.hasRoom(end - start, members);
  }

  #enterKernel(): void {
    const { bytes, bounds, members, memberBounds } = this.#opened();
    const [note] = this.#memberBounds(0);
    const [, noteEnd] = this.#memberBounds(this.#rows - 1);
    const start = bounds[2 * this.#from] as number;
    this.kernel.load({
      bytes,
      start,
      end: bounds[2 * (this.#from + this.#rows) - 1] as number,
      notes: members.places.subarray(note, noteEnd),
      noteBounds: memberBounds.subarray(2 * this.#from, 2 * (this.#from + this.#rows)),
    });
    this.#isInKernel = true;
    this.#origin = start;
    this.#loose = this.kernel.loose;
    this.#loose.fill(0, 0, (noteEnd - note) / MEMBER_STRIDE);
    this.#useSource(this.kernel.text);
    for (let row = 0; row < this.#rows; row += 1) {
      row = this.kernel.locate(row, this.#rows, { text: start, note });
      if (row < this.#rows) this.#locate(row);
    }
  }

  #stayInText(): void {
    const { bytes } = this.#opened();
    const members = this.#memberBounds(this.#rows - 1)[1] - this.#memberBounds(0)[0];
    this.#isInKernel = false;
    this.#origin = 0;
    this.#loose = new Uint8Array(members / MEMBER_STRIDE);
    this.#textScanner = new JsonScanner(bytes);
    this.#useSource(byteSource(bytes));
    for (let row = 0; row < this.#rows; row += 1) this.#locate(row);
  }

  #useSource(source: ByteSource): void {
    if (this.#source === source) return;
    this.#source = source;
    this.#finder.open(source);
  }

  /** Where the members of a row are noted. */
  #memberBounds(row: number): readonly [number, number] {
    const { memberBounds } = this.#opened();
    const at = 2 * (this.#from + row);
    return [memberBounds[at] as number, memberBounds[at + 1] as number];
  }

  /** As the kernel does, for rows that it cannot read. */
  #locate(row: number): void {
    const { places } = this.#opened().members;
    const [first, end] = this.#memberBounds(row);
    const base = this.#memberBounds(0)[0];
    const placeAt = (at: number): number => (places[at] as number) - this.#origin;
    for (const column of this.#columns.keys()) this.starts[this.placeOf(column, row)] = 0;
    for (let order = 0, at = first; at < end; order += 1, at += MEMBER_STRIDE) {
      const node = this.#finder.find(placeAt(at), placeAt(at + 1), order);
      const start = placeAt(at + 2);
      if (node === undefined || node.column === -1) {
        this.#loosen(row, at - base);
      } else {
        const place = this.placeOf(node.column, row);
        if (this.starts[place] !== 0) this.#loosen(row, this.kernel.sources[place] as number);
        this.kernel.sources[place] = at - base;
        this.starts[place] = start;
        this.ends[place] = placeAt(at + 3);
      }
      if (node !== undefined && node.children !== null)
        this.#locateInside(node.children, row, start);
    }
  }

  /** Takes over what an earlier one of duplicate keys had inside, too. */
  #locateInside(finder: KeyFinder, row: number, valueStart: number): void {
    for (const column of finder.columns) this.starts[this.placeOf(column, row)] = 0;
    if (this.bytes[valueStart] !== OPEN_BRACE) return;
    const walk = new MemberWalk(this.scanner, valueStart);
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

  /** Marks a member by its place among the window's notes. */
  #loosen(row: number, note: number): void {
    this.#loose[note / MEMBER_STRIDE] = 1;
    this.kernel.looseRows[row] = 1;
  }
}
