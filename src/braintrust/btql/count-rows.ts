import { SourceError, isExportError } from '../../errors/index.js';
import { xactIdAt } from '../query/xact.js';
import { find } from './parse-query.js';
import { clockWord } from './plan-query.js';
import type { RowChoice } from './row-choice.js';
import type { SnapshotContext } from './snapshot-rows.js';
import { btqlText } from './write-query.js';

/** What was written so long before a result was begun was visible then. */
const VISIBLE_SECONDS = 120;

/**
 * Checks that a result which ended by itself has all rows that it must have. What follows a value is asked for by
 * comparisons, and one of them is true of values of its own kind only: where a sort meets texts among numbers, pages end
 * too early.
 * @param given the rows that it has.
 * @param second when it was begun, in seconds since 1970.
 * @throws SourceError `RESULT_TRUNCATED` when it lacks rows.
 */
export async function checkNoRowsMissing(
  context: SnapshotContext,
  choice: RowChoice,
  { given, second }: { readonly given: number; readonly second: number },
): Promise<void> {
  const expected = await countSettledRows(context, choice, second);
  if (expected === null || expected <= given) return;
  const message = `The result ended after ${given} rows, and at least ${expected} meet its filter.`;
  throw new SourceError('RESULT_TRUNCATED', message, {
    remedy:
      'Nothing of it was committed. Sort by a value of one kind, such as to_string(metadata.rank), or leave the sort out.',
    details: { given, expected },
  });
}

/** The rows that met the filter before `second` and have not changed since; `null` when they cannot be counted. */
async function countSettledRows(
  { settings, signal, observer }: SnapshotContext,
  choice: RowChoice,
  second: number,
): Promise<number | null> {
  const { query, from, parameters } = settings;
  // Rows may come to meet such a filter while they are read; and an audit log has rows of its own.
  if (clockWord(query) !== null || parameters.auditLog === true) return null;
  const until = Math.min(settings.until, second - VISIBLE_SECONDS);
  if (until <= from) return null;
  const own = find(query.clauses, 'filter');
  const conditions = [
    `_xact_id >= '${xactIdAt(from)}' and _xact_id < '${xactIdAt(until)}'`,
    ...(own === undefined ? [] : [`(${btqlText(query, own.tokens)})`]),
  ];
  const ids = (query.from?.ids ?? []).map((id) => `'${id.replaceAll("'", "''")}'`);
  const text = [
    'measures: count(1) as counted',
    `from: ${choice.kind.from}(${ids.join(', ')}) spans`,
    `filter: ${conditions.join(' and ')}`,
  ].join('\n');
  try {
    const { rows } = await settings.client.query(text, { ...parameters, signal, observer });
    const counted = rows.objects()[0]?.['counted'] ?? 0;
    return typeof counted === 'number' ? counted : null;
  } catch (error) {
    // The rows themselves were answered: it is the count that cannot be asked for.
    if (isExportError(error, 'SOURCE_QUERY_INVALID')) return null;
    throw error;
  }
}
