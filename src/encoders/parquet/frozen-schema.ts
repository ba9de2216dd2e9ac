import { setImmediate as nextTurn } from 'node:timers/promises';

import { EncodeError } from '../../errors/index.js';
import type { IndexedText } from '../../rows/row-batch.js';
import type { ColumnBuffer } from './columns/column-buffer.js';
import { ColumnKernel } from './kernel/column-kernel.js';
import { createColumnBuffers } from './row-group.js';
import { RowWindow } from './row-window.js';
import type { ParquetSchema } from './schema.js';

/** Refuses rows with anything that the columns other than `_extra` do not hold. */
export class FrozenSchema {
  readonly #schema: ParquetSchema;
  readonly #window: RowWindow;
  /** Take every value on trial, and forget it. */
  readonly #buffers: readonly ColumnBuffer[];

  constructor(schema: ParquetSchema) {
    this.#schema = schema;
    const kernel = new ColumnKernel(schema.columns);
    this.#window = new RowWindow(schema.columns, kernel);
    this.#buffers = createColumnBuffers(schema, kernel);
  }

  /**
   * Looks at all rows before any of them is written.
   * @throws EncodeError `ROW_UNENCODABLE` with `details.rowIndex`, and `details.column` or `details.member`.
   */
  async check(text: IndexedText): Promise<void> {
    this.#window.open(text);
    try {
      while (this.#window.advance() > 0) {
        this.#refuseUnknown();
        this.#refuseMistyped();
        await nextTurn();
      }
    } finally {
      this.#window.close();
    }
  }

  #refuseUnknown(): void {
    const window = this.#window;
    for (let row = 0; row < window.rows; row += 1) {
      const member = window.firstLooseKey(row);
      if (member === null) continue;
      const rowIndex = window.indexOf(row);
      throw unencodable(`has ${JSON.stringify(member)}, which no column holds`, {
        rowIndex,
        member,
      });
    }
  }

  #refuseMistyped(): void {
    for (const [index, buffer] of this.#buffers.entries()) {
      buffer.take(this.#window, index);
      buffer.takeDictionary();
      for (const leaf of buffer.leaves) leaf.clear();
    }
    const [first] = this.#window.refusals.toSorted((a, b) => a.rowIndex - b.rowIndex);
    if (first === undefined) return;
    const { name, type } = this.#schema.columns[first.column] ?? { name: '', type: 'json' };
    const shown = JSON.stringify(name);
    throw unencodable(`has a value for column ${shown} that does not fit its type ${type}`, {
      rowIndex: first.rowIndex,
      column: name,
    });
  }
}

function unencodable(
  problem: string,
  details: { readonly rowIndex: number; readonly [name: string]: unknown },
): EncodeError {
  return new EncodeError('ROW_UNENCODABLE', `Row ${details.rowIndex} ${problem}.`, {
    remedy: "Add a column for it, or let `drift: 'evolve'` keep it in `_extra`.",
    details,
  });
}
