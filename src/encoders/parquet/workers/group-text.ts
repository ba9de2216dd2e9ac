import { MEMBER_STRIDE } from '../../../rows/member-index.js';
import { ROW_GROUP_ROOM } from '../row-group.js';
import type { MemberText } from '../row-window.js';
import type { GroupMessage } from './messages.js';

/** Buffers that are filled with rows. Other threads can take each of them over as a whole. */
export interface GroupBuffers {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly bounds: Uint32Array<ArrayBuffer>;
  readonly memberBounds: Uint32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
}

/** So much is copied at a time: about a millisecond of work. */
const SLICE_BYTES = 2 * 1024 * 1024;
const BYTES_MIN = 64 * 1024;
/** Room for most row groups: a last row that makes one longer grows it once. */
const BYTES_USUAL = ROW_GROUP_ROOM.bytes + 1024 * 1024;
const NUMBERS_MIN = 1024;
/** Larger buffers, which held giant rows, are not kept. */
const KEEP_BYTES = 4 * ROW_GROUP_ROOM.bytes;

/** The rows of one row group, copied out of the batches that they came in. */
export class GroupText {
  #bytes: Buffer<ArrayBuffer>;
  #bounds: Uint32Array<ArrayBuffer>;
  #memberBounds: Uint32Array<ArrayBuffer>;
  #places: Uint32Array<ArrayBuffer>;
  #rows = 0;
  #byteEnd = 0;
  #placeEnd = 0;

  /** @param buffers taken over, in place of new ones. */
  constructor(buffers: GroupBuffers | undefined) {
    this.#bytes = buffers === undefined ? Buffer.allocUnsafeSlow(BYTES_MIN) : asBuffer(buffers);
    this.#bounds = buffers?.bounds ?? new Uint32Array(NUMBERS_MIN);
    this.#memberBounds = buffers?.memberBounds ?? new Uint32Array(NUMBERS_MIN);
    this.#places = buffers?.places ?? new Uint32Array(NUMBERS_MIN);
  }

  get rows(): number {
    return this.#rows;
  }

  get inputBytes(): number {
    return this.#byteEnd;
  }

  get isFull(): boolean {
    return this.#byteEnd >= ROW_GROUP_ROOM.bytes || this.#rows >= ROW_GROUP_ROOM.rows;
  }

  /** Copies rows from the row `from` on, until it is full or a slice is done. Answers the row to go on with. */
  add(text: MemberText, from: number): number {
    const bytes = asBuffer(text);
    const end = text.bounds.length / 2;
    const sliceEnd = this.#byteEnd + SLICE_BYTES;
    let row = from;
    while (row < end && !this.isFull && this.#byteEnd < sliceEnd) {
      this.#addMembers(text, row);
      this.#addBytes(bytes, text.bounds[2 * row] as number, text.bounds[2 * row + 1] as number);
      row += 1;
    }
    return row;
  }

  /** The rows, to be read in this thread. */
  text(): MemberText {
    return textOf({ buffers: this.#buffers(), rows: this.#rows });
  }

  /** The rows, to be sent away with their buffers: nothing can be added any more. */
  message(): GroupMessage {
    return { buffers: this.#buffers(), rows: this.#rows };
  }

  #buffers(): GroupBuffers {
    return {
      bytes: this.#bytes,
      bounds: this.#bounds,
      memberBounds: this.#memberBounds,
      places: this.#places,
    };
  }

  /** Must come before the bytes of the row. */
  #addMembers({ bounds, members, memberBounds }: MemberText, row: number): void {
    const shift = this.#byteEnd - (bounds[2 * row] as number);
    const first = memberBounds[2 * row] as number;
    const end = memberBounds[2 * row + 1] as number;
    this.#reserveNumbers(end - first);
    const to = this.#places;
    let at = this.#placeEnd;
    for (let from = first; from < end; from += 1, at += 1) {
      to[at] = (members.places[from] as number) + shift;
    }
    this.#memberBounds[2 * this.#rows] = this.#placeEnd;
    this.#memberBounds[2 * this.#rows + 1] = at;
    this.#placeEnd = at;
  }

  #addBytes(bytes: Buffer, start: number, end: number): void {
    const rowEnd = this.#byteEnd + end - start;
    if (rowEnd > this.#bytes.length) this.#growBytes(rowEnd);
    bytes.copy(this.#bytes, this.#byteEnd, start, end);
    this.#bounds[2 * this.#rows] = this.#byteEnd;
    this.#bounds[2 * this.#rows + 1] = rowEnd;
    this.#byteEnd = rowEnd;
    this.#rows += 1;
  }

  #growBytes(needed: number): void {
    const doubled = Math.min(2 * this.#bytes.length, BYTES_USUAL);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, doubled));
    this.#bytes.copy(grown, 0, 0, this.#byteEnd);
    this.#bytes = grown;
  }

  /** Room for one more row with so many numbers for its members. */
  #reserveNumbers(count: number): void {
    this.#places = withRoom(this.#places, this.#placeEnd + count);
    this.#bounds = withRoom(this.#bounds, 2 * this.#rows + 2);
    this.#memberBounds = withRoom(this.#memberBounds, 2 * this.#rows + 2);
  }
}

/** The rows of a message. */
export function textOf({ buffers, rows }: GroupMessage): MemberText {
  return {
    bytes: buffers.bytes,
    bounds: buffers.bounds.subarray(0, 2 * rows),
    memberBounds: buffers.memberBounds.subarray(0, 2 * rows),
    members: { places: buffers.places },
  };
}

/** What another thread takes over with the buffers. */
export function roomsOf(buffers: GroupBuffers): readonly ArrayBuffer[] {
  const { bytes, bounds, memberBounds, places } = buffers;
  return [bytes.buffer, bounds.buffer, memberBounds.buffer, places.buffer];
}

/** Whether the buffers are small enough to wait for their next use. */
export function isWorthKeeping(buffers: GroupBuffers): boolean {
  const sizes = roomsOf(buffers).map(({ byteLength }) => byteLength);
  return sizes.reduce((sum, size) => sum + size, 0) <= KEEP_BYTES;
}

function withRoom(numbers: Uint32Array<ArrayBuffer>, count: number): Uint32Array<ArrayBuffer> {
  if (count <= numbers.length) return numbers;
  const grown = new Uint32Array(Math.max(2 * numbers.length, count + MEMBER_STRIDE));
  grown.set(numbers);
  return grown;
}

function asBuffer<Room extends ArrayBufferLike>(text: {
  readonly bytes: Uint8Array<Room>;
}): Buffer<Room> {
  const { buffer, byteOffset, byteLength } = text.bytes;
  return Buffer.from(buffer, byteOffset, byteLength) as Buffer<Room>;
}
