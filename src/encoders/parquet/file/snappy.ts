/** Bytes between which repetitions are looked for: distances then fit into 16 bits. */
const BLOCK_BYTES = 65_536;
const TABLE_BITS = 14;
const MATCH_MIN_BYTES = 4;
/** Longest repetition that one element can hold. */
const COPY_MAX_BYTES = 64;
/** After so many misses in a row places are skipped, ever more of them. */
const SKIP_BITS = 5;

/** Kinds of elements, in the two low bits of their first byte. */
const LITERAL = 0;
const COPY_SHORT = 1;
const COPY_LONG = 2;

/** Compresses `input` as one block of raw Snappy. */
export function snappyCompress(input: Uint8Array): Uint8Array {
  const output = new SnappyOutput(input);
  const table = new Uint16Array(1 << TABLE_BITS);
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    compressBlock(
      input,
      { start, end: Math.min(start + BLOCK_BYTES, input.length) },
      { table, output },
    );
  }
  return output.finish();
}

interface BlockTools {
  /** Where in the block four bytes with a hash stood last. */
  readonly table: Uint16Array;
  readonly output: SnappyOutput;
}

function compressBlock(
  input: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  { table, output }: BlockTools,
): void {
  table.fill(0);
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const last = end - MATCH_MIN_BYTES;
  let literal = start;
  let at = start + 1;
  let misses = 1 << SKIP_BITS;
  while (at <= last) {
    const word = view.getInt32(at, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    const candidate = start + (table[slot] as number);
    table[slot] = at - start;
    if (view.getInt32(candidate, true) !== word) {
      at += misses >> SKIP_BITS;
      misses += 1;
      continue;
    }
    misses = 1 << SKIP_BITS;
    let matchEnd = at + MATCH_MIN_BYTES;
    const distance = at - candidate;
    while (matchEnd < end && input[matchEnd] === input[matchEnd - distance]) matchEnd += 1;
    output.addLiteral(literal, at);
    output.addCopy(distance, matchEnd - at);
    at = matchEnd;
    literal = matchEnd;
  }
  output.addLiteral(literal, end);
}

/** The elements of a block in the making. */
class SnappyOutput {
  readonly #input: Uint8Array;
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
    // Nothing but literals adds three bytes a block and the size in front; a copy is never longer than its bytes.
    this.#bytes = new Uint8Array(32 + input.length + Math.ceil(input.length / 6));
    let rest = input.length;
    for (; rest >= 0x80; rest >>>= 7) this.#add((rest & 0x7f) | 0x80);
    this.#add(rest);
  }

  addLiteral(start: number, end: number): void {
    const extra = end - start - 1;
    if (extra < 0) return;
    if (extra < 60) {
      this.#add((extra << 2) | LITERAL);
    } else if (extra < 256) {
      this.#add((60 << 2) | LITERAL);
      this.#add(extra);
    } else {
      this.#add((61 << 2) | LITERAL);
      this.#add(extra & 0xff);
      this.#add(extra >>> 8);
    }
    this.#bytes.set(this.#input.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  addCopy(distance: number, count: number): void {
    let rest = count;
    while (rest > COPY_MAX_BYTES) {
      // What remains must not be shorter than the shortest copy.
      const part = Math.min(COPY_MAX_BYTES, rest - MATCH_MIN_BYTES);
      this.#addElement(distance, part);
      rest -= part;
    }
    this.#addElement(distance, rest);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #addElement(distance: number, count: number): void {
    if (count < 12 && distance < 2048) {
      this.#add(((distance >>> 8) << 5) | ((count - 4) << 2) | COPY_SHORT);
      this.#add(distance & 0xff);
      return;
    }
    this.#add(((count - 1) << 2) | COPY_LONG);
    this.#add(distance & 0xff);
    this.#add(distance >>> 8);
  }

  #add(byte: number): void {
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
}
