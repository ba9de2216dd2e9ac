import { createPageCompressor } from '../../../src/encoders/parquet/file/codec.js';
import { ColumnKernel } from '../../../src/encoders/parquet/kernel/column-kernel.js';
import { RowGroup } from '../../../src/encoders/parquet/row-group.js';
import { RowWindow } from '../../../src/encoders/parquet/row-window.js';
import type { MemberText, WindowRoom } from '../../../src/encoders/parquet/row-window.js';
import type { ParquetSchema } from '../../../src/encoders/parquet/schema.js';
import type { RowGroupFacts } from '../../../src/encoders/parquet/file/footer.js';

/** Leaves all rows in their text, for the code without a kernel. */
export class NoKernel extends ColumnKernel {
  override hasRoom(): boolean {
    return false;
  }
}

/** Says which room the next window has, of what there is. */
export type Cut = (room: WindowRoom) => WindowRoom;

/** One row group without compression. */
export interface PlainRowGroup {
  readonly bytes: Buffer;
  readonly facts: RowGroupFacts;
  /** Column and row of each value that does not fit. */
  readonly refusals: readonly string[];
}

/** The row group of all rows of the texts, in windows that end where `cut` says. */
export async function encodeRowGroup(
  schema: ParquetSchema,
  texts: readonly MemberText[],
  { kernel, cut = (room) => room }: { readonly kernel: ColumnKernel; readonly cut?: Cut },
): Promise<PlainRowGroup> {
  const window = new RowWindow(schema.columns, kernel);
  const group = new RowGroup(schema, kernel, await createPageCompressor('none', 0));
  const refusals: string[] = [];
  for (const [at, text] of texts.entries()) {
    window.open(text);
    for (;;) {
      const bytes = window.advance(cut(group.room));
      if (bytes === 0) break;
      await group.take(window, bytes);
      for (const { column, rowIndex } of window.refusals)
        refusals.push(`column ${column} of row ${rowIndex} of text ${at}`);
    }
    window.close();
  }
  const { pages, facts } = await group.close();
  return { bytes: Buffer.concat(pages), facts, refusals: refusals.toSorted() };
}
