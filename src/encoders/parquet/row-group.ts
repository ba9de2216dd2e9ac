import type { ColumnBuffer } from './columns/column-buffer.js';
import { createColumnBuffer } from './columns/create-column.js';
import { extraColumn } from './columns/extra-column.js';
import { ChunkBuilder } from './file/chunk.js';
import type { ChunkFacts } from './file/chunk.js';
import type { CompressPage } from './file/codec.js';
import type { RowGroupFacts } from './file/footer.js';
import { PageWriter } from './file/page-writer.js';
import type { RowWindow } from './row-window.js';
import type { ParquetSchema } from './schema.js';

const PAGE_BYTES = 1024 * 1024;
/** Of input. */
const ROW_GROUP_BYTES = 16 * 1024 * 1024;
/** As many as DuckDB works on at a time. */
const ROW_GROUP_ROWS = 122_880;

/** A whole row group. */
export interface ClosedRowGroup {
  /** Headers and bodies, in the order of the file. */
  readonly pages: readonly Uint8Array[];
  readonly facts: RowGroupFacts;
}

interface ColumnInMaking {
  readonly buffer: ColumnBuffer;
  readonly chunks: readonly ChunkBuilder[];
}

/** The row group in the making. Its pages are compressed as they fill. */
export class RowGroup {
  #columns: readonly ColumnInMaking[];
  readonly #pages: PageWriter;
  #rows = 0;
  #inputBytes = 0;

  constructor(schema: ParquetSchema, compress: CompressPage) {
    this.#columns = createColumnBuffers(schema).map((buffer) => ({
      buffer,
      chunks: buffer.leaves.map((leaf) => new ChunkBuilder(leaf)),
    }));
    this.#pages = new PageWriter(compress);
  }

  get rows(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return this.#inputBytes >= ROW_GROUP_BYTES || this.#rows >= ROW_GROUP_ROWS;
  }

  /** Input that came in. */
  get inputBytes(): number {
    return this.#inputBytes;
  }

  /** Takes the rows of the window, which are `bytes` long together. */
  async take(window: RowWindow, bytes: number): Promise<void> {
    this.#rows += window.rows;
    this.#inputBytes += bytes;
    for (const [index, { buffer }] of this.#columns.entries()) buffer.take(window, index);
    for (const column of this.#columns) {
      if (column.buffer.pageBytes >= PAGE_BYTES) await this.#writePages(column);
    }
  }

  /** Hands the pages over, to be written at `offset` of the file, and begins the next row group. */
  async close(offset: number): Promise<ClosedRowGroup> {
    const pages: Uint8Array[] = [];
    const chunks: ChunkFacts[] = [];
    let end = offset;
    for (const column of this.#columns) {
      await this.#writeRest(column);
      const bounds = column.buffer.takeBounds();
      for (const chunk of column.chunks) {
        const taken = chunk.take(end, bounds);
        pages.push(...taken.pages);
        chunks.push(taken.facts);
        end += taken.facts.compressedBytes;
      }
    }
    const facts = { rows: this.#rows, chunks };
    this.#rows = 0;
    this.#inputBytes = 0;
    return { pages, facts };
  }

  /** Frees memory. Nothing can be taken any more. */
  clear(): void {
    this.#columns = [];
    this.#rows = 0;
    this.#inputBytes = 0;
  }

  /** What is left of a column at the end of the row group. */
  async #writeRest(column: ColumnInMaking): Promise<void> {
    const { buffer, chunks } = column;
    const [leaf] = buffer.leaves;
    const [chunk] = chunks;
    const dictionary = buffer.takeDictionary();
    if (dictionary === null || leaf === undefined || chunk === undefined) {
      if (buffer.leaves.some(({ levelCount }) => levelCount > 0)) await this.#writePages(column);
      return;
    }
    chunk.count();
    chunk.addDictionaryPage(await this.#pages.dictionaryPage(dictionary));
    chunk.addPage(await this.#pages.dataPage(leaf, dictionary));
  }

  async #writePages({ buffer, chunks }: ColumnInMaking): Promise<void> {
    buffer.sealPage();
    for (const chunk of chunks) {
      chunk.count();
      chunk.addPage(await this.#pages.dataPage(chunk.leaf, null));
    }
  }
}

/** One buffer for each column of the schema, which must take the rows of a window in this order. */
export function createColumnBuffers({ columns }: ParquetSchema): readonly ColumnBuffer[] {
  const last = columns.length - 1;
  return columns.map((column, index) =>
    index === last ? extraColumn(column.name) : createColumnBuffer(column),
  );
}
