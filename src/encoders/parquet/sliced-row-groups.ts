import { setImmediate as nextTurn } from 'node:timers/promises';

import { assert } from '../../errors/index.js';
import type { CompressPage } from './file/codec.js';
import { ColumnKernel } from './kernel/column-kernel.js';
import { RowGroup } from './row-group.js';
import type { EncodedRowGroup, RowGroups } from './row-groups.js';
import { RowWindow } from './row-window.js';
import type { MemberText } from './row-window.js';
import type { ParquetSchema } from './schema.js';

/** Makes row groups in this thread, in slices of a few milliseconds. */
export class SlicedRowGroups implements RowGroups {
  readonly #window: RowWindow;
  readonly #group: RowGroup;
  /** Of the row group in the making, by column. */
  readonly #mistypedCounts: number[];
  #isAborted = false;

  constructor(schema: ParquetSchema, compress: CompressPage) {
    const kernel = new ColumnKernel(schema.columns);
    this.#window = new RowWindow(schema.columns, kernel);
    this.#group = new RowGroup(schema, kernel, compress);
    this.#mistypedCounts = schema.columns.map(() => 0);
  }

  get pendingInputBytes(): number {
    return this.#group.inputBytes;
  }

  async take(text: MemberText): Promise<readonly EncodedRowGroup[]> {
    const ready: EncodedRowGroup[] = [];
    this.#window.open(text);
    try {
      for (;;) {
        const bytes = this.#window.advance(this.#group.room);
        if (bytes === 0) return ready;
        await this.#group.take(this.#window, bytes);
        this.#countMistyped();
        if (this.#group.isFull) ready.push(await this.#close());
        await nextTurn();
        assert(!this.#isAborted, 'the object was aborted while it took rows');
      }
    } finally {
      this.#window.close();
    }
  }

  async finish(): Promise<readonly EncodedRowGroup[]> {
    return this.#group.rows > 0 ? [await this.#close()] : [];
  }

  abort(): void {
    this.#isAborted = true;
    this.#window.close();
    this.#group.clear();
  }

  async #close(): Promise<EncodedRowGroup> {
    const { inputBytes } = this.#group;
    const { pages, facts } = await this.#group.close();
    const mistypedCounts = [...this.#mistypedCounts];
    this.#mistypedCounts.fill(0);
    return { bytes: joined(pages), facts, inputBytes, mistypedCounts };
  }

  #countMistyped(): void {
    for (const { column } of this.#window.refusals) {
      this.#mistypedCounts[column] = (this.#mistypedCounts[column] ?? 0) + 1;
    }
  }
}

/** In a buffer of their own, which another thread can take over. */
function joined(pages: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(pages.reduce((sum, page) => sum + page.length, 0));
  let at = 0;
  for (const page of pages) {
    bytes.set(page, at);
    at += page.length;
  }
  return bytes;
}
