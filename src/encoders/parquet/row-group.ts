import type { ColumnBuffer } from './columns/column-buffer.js';
import { createColumnBuffer } from './columns/create-column.js';
import { extraColumn } from './columns/extra-column.js';
import { ChunkBuilder } from './file/chunk.js';
import type { ChunkFacts } from './file/chunk.js';
import type { CompressPage } from './file/codec.js';
import type { RowGroupFacts } from './file/footer.js';
import { PageWriter } from './file/page-writer.js';
import type { ColumnKernel } from './kernel/column-kernel.js';
import { WINDOW_ROOM } from './row-window.js';
import type { RowWindow, WindowRoom } from './row-window.js';
import type { ParquetSchema } from './schema.js';

const PAGE_BYTES = 1024 * 1024;
/** A row group ends with the row that fills it. As many rows as DuckDB works on at a time, and bytes of input. */
export const ROW_GROUP_ROOM: WindowRoom = { rows: 122_880, bytes: 16 * 1024 * 1024 };

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

/**
 * The row group in the making. Its pages are compressed as they fill. Where pages and row groups end rests on the
 * rows alone, not on how they come.
 */
export class RowGroup {
  #columns: readonly ColumnInMaking[];
  readonly #pages: PageWriter;
  #rows = 0;
  #inputBytes = 0;
  /** What may come before it is looked again which pages are full. */
  #untilPages: WindowRoom = WINDOW_ROOM;

  constructor(schema: ParquetSchema, kernel: ColumnKernel, compress: CompressPage) {
    this.#columns = createColumnBuffers(schema, kernel).map((buffer) => ({
      buffer,
      chunks: buffer.leaves.map((leaf) => new ChunkBuilder(leaf)),
    }));
    this.#pages = new PageWriter(compress);
  }

  get rows(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return isUsedUp(roomLeft(ROW_GROUP_ROOM, this.#rows, this.#inputBytes));
  }

  /** What the next window may hold. */
  get room(): WindowRoom {
    const group = roomLeft(ROW_GROUP_ROOM, this.#rows, this.#inputBytes);
    const { rows, bytes } = this.#untilPages;
    return { rows: Math.min(group.rows, rows), bytes: Math.min(group.bytes, bytes) };
  }

  /** Input that came in. */
  get inputBytes(): number {
    return this.#inputBytes;
  }

  /** Takes the rows of the window, which are `bytes` long together and went into the room that there was. */
  async take(window: RowWindow, bytes: number): Promise<void> {
    this.#rows += window.rows;
    this.#inputBytes += bytes;
    for (const [index, { buffer }] of this.#columns.entries()) buffer.take(window, index);
    this.#untilPages = roomLeft(this.#untilPages, window.rows, bytes);
    if (!isUsedUp(this.#untilPages)) return;
    this.#untilPages = WINDOW_ROOM;
    for (const column of this.#columns) {
      if (column.buffer.pageBytes >= PAGE_BYTES) await this.#writePages(column);
    }
  }

  /** Hands the pages over, with places as if they stood at the beginning, and begins the next row group. */
  async close(): Promise<ClosedRowGroup> {
    const pages: Uint8Array[] = [];
    const chunks: ChunkFacts[] = [];
    let end = 0;
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
    this.#untilPages = WINDOW_ROOM;
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

function roomLeft(room: WindowRoom, rows: number, bytes: number): WindowRoom {
  return { rows: room.rows - rows, bytes: room.bytes - bytes };
}

function isUsedUp({ rows, bytes }: WindowRoom): boolean {
  return rows <= 0 || bytes <= 0;
}

/** One buffer for each column of the schema, which must take the rows of a window in this order. */
export function createColumnBuffers(
  { columns }: ParquetSchema,
  kernel: ColumnKernel,
): readonly ColumnBuffer[] {
  const last = columns.length - 1;
  return columns.map((column, index) =>
    index === last ? extraColumn(column.name) : createColumnBuffer(column, index, kernel),
  );
}
