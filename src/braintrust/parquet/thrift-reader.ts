/** A struct by the numbers of its fields; a list is an array, integers are numbers, and binary values are left out. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
export type ThriftValue = boolean | number | null | ThriftStruct | readonly ThriftValue[];

const DEPTH_MAX = 32;
/** Types of the compact protocol. */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
] as const;

/**
 * Reads one struct in Thrift's compact protocol.
 * @throws RangeError when the bytes end before it does, or are no such struct.
 */
export function readStruct(bytes: Uint8Array): ThriftStruct {
  return new Reader(bytes).struct(0);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(depth: number): ThriftStruct {
    if (depth > DEPTH_MAX) throw new RangeError('too deep');
    const fields = new Map<number, ThriftValue>();
    for (let field = 0; ;) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === STOP) return fields;
      const step = head >> 4;
      field = step === 0 ? this.#integer() : field + step;
      const isBoolean = type === TRUE || type === FALSE;
      fields.set(field, isBoolean ? type === TRUE : this.#value(type, depth + 1));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case TRUE:
      case FALSE:
        return this.#byte() === TRUE; // an item of a list, which has a byte of its own
      case BYTE:
        return this.#byte();
      case I16:
      case I32:
      case I64:
        return this.#integer();
      case DOUBLE:
        return this.#skip(8);
      case BINARY:
        return this.#skip(this.#varint());
      case LIST:
      case SET:
        return this.#list(depth);
      case MAP:
        return this.#map(depth);
      case STRUCT:
        return this.struct(depth);
      default:
        throw new RangeError(`no type has the number ${type}`);
    }
  }

  #list(depth: number): readonly ThriftValue[] {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every item takes a byte at least.
    if (count > this.#bytes.length - this.#at) throw new RangeError('a list is too long');
    return Array.from({ length: count }, () => this.#value(head & 0x0f, depth + 1));
  }

  #map(depth: number): null {
    const count = this.#varint();
    if (count === 0) return null;
    const types = this.#byte();
    for (let entry = 0; entry < count; entry += 1) {
      this.#value(types >> 4, depth + 1);
      this.#value(types & 0x0f, depth + 1);
    }
    return null;
  }

  #integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('the bytes end too early');
    this.#at += 1;
    return byte;
  }

  #skip(count: number): null {
    if (count > this.#bytes.length - this.#at) throw new RangeError('the bytes end too early');
    this.#at += count;
    return null;
  }
}
