import { GrowingBytes, byteSource } from '../growing-bytes.js';

/** Types of the compact protocol. */
const TYPE_TRUE = 1;
const TYPE_FALSE = 2;
const TYPE_I16 = 4;
const TYPE_I32 = 5;
const TYPE_I64 = 6;
const TYPE_BINARY = 8;
const TYPE_LIST = 9;
const TYPE_STRUCT = 12;

/** Elements of lists, written one by one. */
export type ListType = 'i32' | 'binary' | 'struct';

const LIST_TYPES: Readonly<Record<ListType, number>> = {
  i32: TYPE_I32,
  binary: TYPE_BINARY,
  struct: TYPE_STRUCT,
};

/**
 * Writes structs in Thrift's compact protocol. Fields must come in ascending order of their ids; integers are
 * safe ones.
 */
export class ThriftWriter {
  readonly #bytes = new GrowingBytes();
  #lastField = 0;

  boolean(field: number, value: boolean): void {
    this.#field(field, value ? TYPE_TRUE : TYPE_FALSE);
  }

  i16(field: number, value: number): void {
    this.#field(field, TYPE_I16);
    this.#varint(zigzag(value));
  }

  i32(field: number, value: number): void {
    this.#field(field, TYPE_I32);
    this.#varint(zigzag(value));
  }

  i64(field: number, value: number): void {
    this.#field(field, TYPE_I64);
    this.#varint(zigzag(value));
  }

  binary(field: number, value: string | Uint8Array): void {
    this.#field(field, TYPE_BINARY);
    this.#counted(value);
  }

  struct(field: number, write: () => void): void {
    this.#field(field, TYPE_STRUCT);
    this.#fields(write);
  }

  structs<T>(field: number, items: readonly T[], write: (item: T) => void): void {
    this.#list(field, 'struct', items.length);
    for (const item of items) this.#fields(() => write(item));
  }

  strings(field: number, items: readonly string[]): void {
    this.#list(field, 'binary', items.length);
    for (const item of items) this.#counted(item);
  }

  i32s(field: number, items: readonly number[]): void {
    this.#list(field, 'i32', items.length);
    for (const item of items) this.#varint(zigzag(item));
  }

  /** Ends the outermost struct, and answers its bytes. */
  finish(): Buffer {
    this.#bytes.addByte(0);
    return this.#bytes.filled();
  }

  #fields(write: () => void): void {
    const outer = this.#lastField;
    this.#lastField = 0;
    write();
    this.#bytes.addByte(0);
    this.#lastField = outer;
  }

  #field(id: number, type: number): void {
    const delta = id - this.#lastField;
    this.#bytes.addByte((delta << 4) | type);
    this.#lastField = id;
  }

  #list(field: number, type: ListType, count: number): void {
    this.#field(field, TYPE_LIST);
    const isShort = count < 15;
    this.#bytes.addByte(((isShort ? count : 15) << 4) | LIST_TYPES[type]);
    if (!isShort) this.#varint(count);
  }

  #counted(value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.#varint(bytes.length);
    this.#bytes.add(byteSource(bytes), 0, bytes.length);
  }

  #varint(value: number): void {
    let rest = value;
    // Division, because the numbers may have more than 32 bits.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes.addByte((rest % 0x80) | 0x80);
    this.#bytes.addByte(rest);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}
