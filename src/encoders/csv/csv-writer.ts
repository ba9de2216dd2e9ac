import { setImmediate as nextTurn } from 'node:timers/promises';

import { EncodeError } from '../../errors/index.js';
import type { RowBatch } from '../../interfaces/index.js';
import type { IndexedText } from '../../rows/row-batch.js';
import { EXTRA_COLUMN } from '../columns/column-names.js';
import { encodableText } from '../text/encodable-text.js';
import type { TextWriter } from '../text/text-object.js';
import { CellFinder } from './cell-finder.js';
import { CellSpeller } from './cell-text.js';
import type { CellStyle } from './cell-text.js';
import { columnsOfRows } from './csv-columns.js';
import type { CsvColumn } from './csv-columns.js';

/** What becomes of members that no column is for. */
export type CsvDrift = 'evolve' | 'freeze' | 'omit';

/** How the files of one encoder are written. */
export interface CsvTable extends CellStyle {
  /** Without `_extra`; `null` to take them from the first rows of each file. */
  readonly columns: readonly CsvColumn[] | null;
  readonly drift: CsvDrift;
  readonly hasByteOrderMark: boolean;
}

const LINE_END = '\r\n';
const BYTE_ORDER_MARK = '\ufeff';
/** Input that is encoded in one go: a millisecond or two of work. */
const SLICE_BYTES = 256 * 1024;
/** Doubled by its quotes, a longer row could be more than a string of JavaScript holds. */
const ROW_MAX_BYTES = 128 * 1024 * 1024;

/** The text of one CSV file. */
export class CsvWriter implements TextWriter {
  readonly #table: CsvTable;
  readonly #speller: CellSpeller;
  #columns: readonly CsvColumn[] | null;
  #hasHeader = false;

  constructor(table: CsvTable) {
    this.#table = table;
    this.#speller = new CellSpeller(table);
    this.#columns = table.columns;
  }

  async write(rows: RowBatch): Promise<readonly Uint8Array[]> {
    const text = encodableText(rows);
    if (rows.length === 0) return [];
    const columns = this.#columns ?? columnsOfRows(text);
    const chunks = this.#hasHeader ? [] : [this.#header(columns)];
    const finder = new CellFinder(text, columns);
    for (let from = 0; from < rows.length;) {
      const to = endOfSlice(text, from);
      chunks.push(this.#encodeSlice(finder, { from, to }));
      from = to;
      await nextTurn();
    }
    // Only now: a batch with a row that was refused leaves no trace.
    this.#columns = columns;
    this.#hasHeader = true;
    return chunks;
  }

  finish(): readonly Uint8Array[] {
    return this.#hasHeader ? [] : [this.#header(this.#columns ?? [])];
  }

  #header(columns: readonly CsvColumn[]): Uint8Array {
    const names = columns.map(({ name }) => this.#speller.string(name));
    if (this.#table.drift !== 'omit') names.push(EXTRA_COLUMN);
    const mark = this.#table.hasByteOrderMark ? BYTE_ORDER_MARK : '';
    return Buffer.from(mark + lineOf(names, this.#table.delimiter));
  }

  #encodeSlice(
    finder: CellFinder,
    { from, to }: { readonly from: number; readonly to: number },
  ): Uint8Array {
    const lines: string[] = [];
    for (let row = from; row < to; row += 1) {
      finder.find(row);
      const cells = this.#cellsOf(finder, row);
      if (this.#table.drift === 'freeze') refuseExtra(finder, row);
      if (this.#table.drift !== 'omit') cells.push(this.#speller.quoted(finder.extraText() ?? ''));
      lines.push(lineOf(cells, this.#table.delimiter));
    }
    return Buffer.from(lines.join(''));
  }

  #cellsOf(finder: CellFinder, row: number): string[] {
    const cells: string[] = [];
    for (const [column, start] of finder.starts.entries()) {
      const end = finder.ends[column] as number;
      const cell = start === -1 ? '' : this.#speller.value(finder.bytes, start, end);
      if (cell === null) this.#release(finder, column, row);
      cells.push(cell ?? '');
    }
    return cells;
  }

  /** A string without UTF-8 is kept with its escapes, or the row is refused. */
  #release(finder: CellFinder, column: number, row: number): void {
    if (this.#table.drift !== 'evolve') {
      const name = finder.columns[column]?.name;
      const shown = JSON.stringify(name);
      throw unencodable(`has text for column ${shown} that has no UTF-8`, {
        rowIndex: row,
        column: name,
      });
    }
    finder.release(column);
  }
}

/** The line of some cells. An empty line is no row for most readers. */
function lineOf(cells: readonly string[], delimiter: string): string {
  const line = cells.length === 1 && cells[0] === '' ? '""' : cells.join(delimiter);
  return line + LINE_END;
}

/** The row after the last one that is encoded in one go with row `from`. */
function endOfSlice({ bounds }: IndexedText, from: number): number {
  let size = 0;
  let to = from;
  while (2 * to < bounds.length && size < SLICE_BYTES) {
    const rowBytes = (bounds[2 * to + 1] as number) - (bounds[2 * to] as number);
    if (rowBytes > ROW_MAX_BYTES) {
      throw unencodable(`has ${rowBytes} bytes, more than a line may have`, { rowIndex: to });
    }
    size += rowBytes;
    to += 1;
  }
  return to;
}

function refuseExtra(finder: CellFinder, row: number): void {
  const member = finder.extraKey();
  if (member === null) return;
  const shown = JSON.stringify(member);
  throw unencodable(`has ${shown}, which no column holds`, { rowIndex: row, member });
}

function unencodable(
  problem: string,
  details: { readonly rowIndex: number; readonly [name: string]: unknown },
): EncodeError {
  return new EncodeError('ROW_UNENCODABLE', `Row ${details.rowIndex} ${problem}.`, {
    remedy: "Mend the row, add a column, or let `drift: 'evolve'` keep what is left in `_extra`.",
    details,
  });
}
