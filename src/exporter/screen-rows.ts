import { EncodeError, isExportError } from '../errors/index.js';
import type { FieldValue, Row, RowBatch, RowFields, RowIdentity } from '../interfaces/index.js';
import { rowBatchFromObjects } from '../rows/row-batch.js';
import { type DigestText, digestText } from './row-index.js';

/** What is known of the rows of a page before anything is done to them. */
export interface ScreenedRows {
  /** The rows; one that has no JSON text is replaced by its identity alone. */
  readonly rows: RowBatch;
  readonly digests: readonly DigestText[];
  /** Why a row cannot be told apart, or `null`. */
  readonly identityErrors: readonly (EncodeError | null)[];
  /** Why a row has no JSON text, or `null`. Rows that came as text have no entry. */
  readonly textErrors: readonly (EncodeError | null)[];
  /** The values of one field of the rows; empty for `null`. */
  column(name: string | null): readonly FieldValue[];
}

/**
 * Finds the identity of every row, and the rows that have none or no text.
 * @param identities the identifying fields, when the rows lack them.
 */
export function screenRows(
  page: RowBatch,
  identity: RowIdentity,
  identities?: RowFields,
): ScreenedRows {
  const { rows, textErrors } = withText(page, identity);
  const names = [identity.id, identity.version, identity.object, identity.created];
  const fields = identities ?? rows.fields(names.filter((name) => name !== null));
  const digests: DigestText[] = [];
  const identityErrors: (EncodeError | null)[] = [];
  for (let row = 0; row < rows.length; row += 1) {
    const error = identityProblem(fields, identity, row);
    identityErrors.push(error);
    digests.push(error === null ? identityDigest(fields, identity, row) : textDigest(rows, row));
  }
  const column = (name: string | null): readonly FieldValue[] =>
    name === null ? [] : (fields[name] ?? []);
  return { rows, digests, identityErrors, textErrors, column };
}

function withText(
  page: RowBatch,
  identity: RowIdentity,
): Pick<ScreenedRows, 'rows' | 'textErrors'> {
  try {
    page.text();
    return { rows: page, textErrors: [] };
  } catch (error) {
    if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
  }
  // Only plain objects come here: one of them has no JSON text. Find out which, row by row.
  const objects = page.objects();
  const textErrors = objects.map((row, index) => textProblem([row], index));
  const usable = objects.map((row, index) =>
    textErrors[index] === null ? row : stub(row, identity),
  );
  return { rows: rowBatchFromObjects(usable), textErrors };
}

function stub(row: Row, identity: RowIdentity): Row {
  const names = [identity.object, identity.id, identity.version];
  const kept = names.filter((name) => name !== null && typeof row[name] === 'string') as string[];
  return Object.fromEntries(kept.map((name) => [name, row[name]]));
}

/** Says why one of the rows has no JSON text, or `null`. `index` is the source row's. */
export function textProblem(rows: readonly Row[], index: number): EncodeError | null {
  try {
    rowBatchFromObjects(rows).text();
    return null;
  } catch (error) {
    if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
    return new EncodeError('ROW_UNENCODABLE', `Row ${index} of the page has no JSON text.`, {
      remedy: 'Rows hold JSON values only: no BigInt, no cycle, no undefined row.',
      details: { rowIndex: index },
      cause: error,
    });
  }
}

function identityProblem(
  fields: RowFields,
  identity: RowIdentity,
  row: number,
): EncodeError | null {
  for (const name of [identity.id, identity.version, identity.object]) {
    if (name === null || typeof fields[name]?.[row] === 'string') continue;
    const kind = fields[name]?.[row] === null ? 'null or absent' : 'no scalar';
    return new EncodeError(
      'ROW_INVALID',
      `A row of the page (number ${row}) has no usable \`${name}\`: it is ${kind}.`,
      {
        remedy: "Mend the row at the source, or set onBadRow to 'dead-letter'.",
        details: { rowIndex: row, field: name },
      },
    );
  }
  return null;
}

function identityDigest(fields: RowFields, identity: RowIdentity, row: number): DigestText {
  const value = (name: string | null): string => (name === null ? '' : (fields[name]?.[row] ?? ''));
  return digestText(value(identity.object), value(identity.id), value(identity.version));
}

/** A row without identity is told apart by its text: the lookback must not reject it twice. */
function textDigest(rows: RowBatch, row: number): DigestText {
  const { bytes, bounds } = rows.slice(row, row + 1).text();
  return digestText('', '', Buffer.from(bytes.subarray(bounds[0], bounds[1])).toString('latin1'));
}
