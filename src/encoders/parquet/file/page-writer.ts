import { setImmediate as nextTurn } from 'node:timers/promises';

import { GrowingBytes, byteSource } from '../growing-bytes.js';
import type { CompressPage } from './codec.js';
import type { Dictionary, Leaf } from './leaf.js';
import { addHybrid, bitWidth } from './levels.js';
import { ThriftWriter } from './thrift.js';

/** Numbers in the format. */
export const ENCODINGS = { plain: 0, rle: 3, dictionary: 8 } as const;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

/** After so many bytes of pages other work gets a turn. */
const TURN_BYTES = 512 * 1024;
/** Room that is kept for the next page. */
const KEEP_BYTES = 2 * 1024 * 1024;

/** One page, ready to be written. */
export interface Page {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  /** Size of header and body if the body were not compressed. */
  readonly uncompressedBytes: number;
}

/** Makes pages of what leaves hold. One at a time. */
export class PageWriter {
  readonly #compress: CompressPage;
  readonly #body = new GrowingBytes();
  #sinceTurn = 0;

  constructor(compress: CompressPage) {
    this.#compress = compress;
  }

  /** A page of all values in the leaf, which is empty afterwards; of places in the dictionary when there is one. */
  async dataPage(leaf: Leaf, dictionary: Dictionary | null): Promise<Page> {
    const { maxDefinition, maxRepetition } = leaf.shape;
    const body = this.#body;
    body.clear(KEEP_BYTES);
    if (maxRepetition > 0) addLevels(body, leaf.repetitions, maxRepetition);
    addLevels(body, leaf.definitions, maxDefinition);
    if (dictionary === null) body.add(leaf.values, 0, leaf.values.length);
    else addIndexes(body, dictionary);
    const count = leaf.levelCount;
    leaf.clear();
    return this.#page((thrift, compressedBytes) => {
      writePageSizes(thrift, { type: DATA_PAGE, bytes: body.length, compressedBytes });
      thrift.struct(5, () => {
        thrift.i32(1, count);
        thrift.i32(2, dictionary === null ? ENCODINGS.plain : ENCODINGS.dictionary);
        thrift.i32(3, ENCODINGS.rle);
        thrift.i32(4, ENCODINGS.rle);
      });
    });
  }

  /** The page that comes before all others of its column. */
  async dictionaryPage({ bytes, size }: Dictionary): Promise<Page> {
    const body = this.#body;
    body.clear(KEEP_BYTES);
    body.add(byteSource(bytes), 0, bytes.length);
    return this.#page((thrift, compressedBytes) => {
      writePageSizes(thrift, { type: DICTIONARY_PAGE, bytes: body.length, compressedBytes });
      thrift.struct(7, () => {
        thrift.i32(1, size);
        thrift.i32(2, ENCODINGS.plain);
      });
    });
  }

  async #page(writeHeader: (thrift: ThriftWriter, compressedBytes: number) => void): Promise<Page> {
    const uncompressed = this.#body.filled();
    this.#sinceTurn += uncompressed.length;
    if (this.#sinceTurn >= TURN_BYTES) {
      this.#sinceTurn = 0;
      await nextTurn();
    }
    const body = await this.#compress(uncompressed);
    const thrift = new ThriftWriter();
    writeHeader(thrift, body.length);
    const header = thrift.finish();
    return { header, body, uncompressedBytes: header.length + uncompressed.length };
  }
}

interface PageSizes {
  readonly type: number;
  readonly bytes: number;
  readonly compressedBytes: number;
}

function writePageSizes(thrift: ThriftWriter, { type, bytes, compressedBytes }: PageSizes): void {
  thrift.i32(1, type);
  thrift.i32(2, bytes);
  thrift.i32(3, compressedBytes);
}

/** Levels, with their size in front. */
function addLevels(body: GrowingBytes, levels: Uint8Array, max: number): void {
  const sizeAt = body.length;
  body.addUint32(0);
  addHybrid(body, levels, bitWidth(max));
  body.bytes.writeUInt32LE(body.length - sizeAt - 4, sizeAt);
}

function addIndexes(body: GrowingBytes, { indexes, size }: Dictionary): void {
  const width = bitWidth(size - 1);
  body.addByte(width);
  addHybrid(body, indexes, width);
}
