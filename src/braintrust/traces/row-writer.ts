import type { RowBatch, RowText } from '../../interfaces/index.js';
import { MEMBER_STRIDE } from '../../rows/member-index.js';
import { indexedTextOf, rowBatchFromText } from '../../rows/row-batch.js';

const BACKSLASH = 0x5c;

/** One row of a batch. */
export interface RowAt {
  readonly text: RowText;
  readonly index: number;
}

/** Member names and the JSON text of their values. */
export type OwnMembers = ReadonlyMap<string, string | readonly Uint8Array[]>;

/** Joins rows of members of one's own and members of other rows, which are copied as they are spelt. */
export class RowWriter {
  readonly #pieces: Uint8Array[] = [];
  readonly #bounds: number[] = [];
  #length = 0;

  /** Adds a row: first `own`, then the members of `other` whose names are not among them. */
  add(own: OwnMembers, other: RowAt | null): void {
    this.#bounds.push(this.#length);
    let before = '{';
    for (const [name, value] of own) {
      this.#write(`${before}${JSON.stringify(name)}:`);
      if (typeof value === 'string') this.#write(value);
      else for (const piece of value) this.#push(piece);
      before = ',';
    }
    for (const { name, bytes } of other === null ? [] : membersOf(other)) {
      if (own.has(name)) continue;
      this.#write(before);
      this.#push(bytes);
      before = ',';
    }
    this.#write(before === '{' ? '{}' : '}');
    this.#bounds.push(this.#length);
  }

  batch(): RowBatch {
    return rowBatchFromText(Buffer.concat(this.#pieces), Uint32Array.from(this.#bounds));
  }

  #write(text: string): void {
    this.#push(Buffer.from(text));
  }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** The bytes of one row. */
export function bytesOfRow({ text: { bytes, bounds }, index }: RowAt): Uint8Array {
  return bytes.subarray(bounds[2 * index], bounds[2 * index + 1]);
}

interface Member {
  readonly name: string;
  /** Its name in quotes, the colon and its value. */
  readonly bytes: Uint8Array;
}

function* membersOf({ text, index }: RowAt): Generator<Member> {
  const { bytes, members, memberBounds } = indexedTextOf(text);
  const { places } = members;
  const end = memberBounds[2 * index + 1] ?? 0;
  for (let at = memberBounds[2 * index] ?? 0; at < end; at += MEMBER_STRIDE) {
    const [start = 0, stop = 0] = [places[at], places[at + 1]];
    yield {
      name: nameOf(bytes.subarray(start, stop)),
      bytes: bytes.subarray(start - 1, places[at + 3]),
    };
  }
}

function nameOf(key: Uint8Array): string {
  const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
  return key.includes(BACKSLASH) ? (JSON.parse(`"${text}"`) as string) : text;
}
