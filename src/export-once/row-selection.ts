import { EncodeError } from '../errors/index.js';
import { type Transform, transformRow } from '../exporter/page-work.js';
import type { Row, RowBatch } from '../interfaces/index.js';
import { rowBatchFromObjects } from '../rows/row-batch.js';

/** The rows of one page that go into the object. */
export interface RowSelection {
  readonly outputs: RowBatch;
  /** How many source rows were taken; fewer than there are when the limit was reached. */
  readonly taken: number;
  readonly droppedRows: number;
  /** Why rows of the source could not be taken. */
  readonly refused: readonly EncodeError[];
}

export interface SelectionSettings {
  readonly transform: Transform | undefined;
  /** Room for rows in the object. */
  readonly room: number;
  readonly signal: AbortSignal;
}

/** Takes as many rows of a page as fit, as `transform` gives them. */
export async function selectRows(
  rows: RowBatch,
  settings: SelectionSettings,
): Promise<RowSelection> {
  const { transform, room, signal } = settings;
  if (transform !== undefined) return await transformRows(rows, { transform, room, signal });
  const taken = Math.min(rows.length, room);
  return { outputs: rows.slice(0, taken), taken, droppedRows: 0, refused: [] };
}

async function transformRows(
  rows: RowBatch,
  { transform, room, signal }: SelectionSettings & { readonly transform: Transform },
): Promise<RowSelection> {
  const outputs: Row[] = [];
  const refused: EncodeError[] = [];
  let droppedRows = 0;
  let taken = 0;
  for (const [index, row] of rows.objects().entries()) {
    if (outputs.length >= room) break;
    const given = await transformRow({ transform, signal }, row, index);
    if (given instanceof EncodeError) refused.push(given);
    else if (given.length === 0) droppedRows += 1;
    else if (outputs.length + given.length > room) break;
    else outputs.push(...given);
    taken += 1;
  }
  return { outputs: rowBatchFromObjects(outputs), taken, droppedRows, refused };
}
