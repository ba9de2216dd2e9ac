import { EncodeError } from '../../errors/index.js';
import type { RowBatch } from '../../interfaces/index.js';
import { indexedTextOf } from '../../rows/row-batch.js';
import type { IndexedText } from '../../rows/row-batch.js';

/**
 * The text of the rows, known to be JSON objects in UTF-8: text of another making is looked at.
 * @throws EncodeError `ROW_UNENCODABLE` with `details.rowIndex`.
 */
export function encodableText(rows: RowBatch): IndexedText {
  try {
    return indexedTextOf(rows.text());
  } catch (cause) {
    if (!(cause instanceof EncodeError) || cause.code !== 'ROW_INVALID') throw cause;
    throw new EncodeError('ROW_UNENCODABLE', cause.message, { details: cause.details, cause });
  }
}
