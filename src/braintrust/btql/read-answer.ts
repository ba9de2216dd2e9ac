import { SourceError } from '../../errors/index.js';
import type { RowBatch } from '../../interfaces/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { LAST_SECOND, xactIdAt } from '../query/xact.js';
import { incompleteReason } from '../records/page-check.js';
import type { BtqlSettings } from './btql-options.js';
import { clauseText } from './parse-query.js';
import { ANSWER_MAX_ROWS } from './plan-query.js';
import { rowsWithoutIds, secondOf } from './snapshot-rows.js';
import type { SnapshotContext, SnapshotReading } from './snapshot-rows.js';
import { writeQuery } from './write-query.js';

/**
 * Reads a result that the service gives as one answer: aggregates, samples, pivots.
 * @throws SourceError `RESULT_TRUNCATED` when it may have more rows than the answer.
 */
export async function* readAnswer(context: SnapshotContext): SnapshotReading {
  const { settings } = context;
  const { limit: wanted } = settings.query;
  const limit = Math.min(wanted ?? ANSWER_MAX_ROWS, ANSWER_MAX_ROWS);
  const text = writeQuery(settings.query, { limit: String(limit), ...boundedFilter(settings) });
  const answer = await askText(context, text, false);
  const isWanted = wanted !== undefined && wanted <= limit;
  if (answer.rows.length >= limit && !isWanted) throw truncatedError(answer.rows.length);
  if (answer.rows.length > 0) yield rowsWithoutIds(answer.rows, 0);
  return { takenAt: secondOf(answer), tornRows: 0 };
}

/**
 * Reads the rows of traces page by page, by the tokens that the service gives.
 * @throws SourceError `RESULT_TRUNCATED` when it gives none after a full page.
 */
export async function* readPages(context: SnapshotContext): SnapshotReading {
  const { settings, pageSize } = context;
  let left = settings.query.limit ?? Infinity;
  let token: string | null = null;
  let place = 0;
  let takenAt: number | null = null;
  while (left > 0) {
    const limit = Math.min(left, pageSize.rows);
    const answer = await askPage(context, { limit, token });
    if (answer === null) continue;
    takenAt ??= secondOf(answer);
    const { rows, cursor } = answer;
    if (rows.length > 0) yield rowsWithoutIds(rows, place);
    place += rows.length;
    left -= rows.length;
    if (left <= 0 || isEnd(rows, cursor, limit)) break;
    if (cursor === token) throw protocolError('gave the token of the page before once more');
    token = cursor;
  }
  return { takenAt, tornRows: 0 };
}

/** Whether nothing comes after a page. */
function isEnd(rows: RowBatch, cursor: string | null, limit: number): boolean {
  if (rows.length === 0) {
    if (cursor === null) return true;
    throw protocolError('answered no rows and says that there are more');
  }
  if (cursor !== null) return false;
  if (rows.length >= limit) throw truncatedError(rows.length);
  return true;
}

/** `null` when fewer rows must be asked for. */
async function askPage(
  context: SnapshotContext,
  { limit, token }: { readonly limit: number; readonly token: string | null },
): Promise<QueryAnswer | null> {
  const { settings, pageSize } = context;
  const more = token === null ? {} : { cursor: `'${checkedToken(token)}'` };
  const text = writeQuery(settings.query, { limit: String(limit), ...more });
  try {
    const answer = await askText(context, text, limit > 1);
    pageSize.keep();
    return answer;
  } catch (error) {
    if (!(error instanceof SmallerPageNeeded)) throw error;
    pageSize.shrink();
    return null;
  }
}

async function askText(
  { settings, signal, observer }: SnapshotContext,
  text: string,
  canAskForLess: boolean,
): Promise<QueryAnswer> {
  const options = { ...settings.parameters, signal, observer, canAskForLess };
  const answer = await settings.client.query(text, options);
  const reason = incompleteReason(answer, secondOf(answer) ?? LAST_SECOND);
  if (reason === null) return answer;
  throw new SourceError('SOURCE_BEHIND', `Braintrust is behind: ${reason}.`, {
    remedy: 'Run again later: the next run reads the whole result.',
    retryable: true,
  });
}

/** The filter with the bounds of the options, which are digits and need no quoting. */
function boundedFilter({ query, from, until }: Readonly<BtqlSettings>): {
  readonly filter?: string;
} {
  const own = clauseText(query, 'filter');
  const conditions = own === undefined ? [] : [`(${own})`];
  if (from > 0) conditions.push(`_xact_id >= '${xactIdAt(from)}'`);
  if (until < LAST_SECOND) conditions.push(`_xact_id < '${xactIdAt(until)}'`);
  const isBounded = conditions.length > (own === undefined ? 0 : 1);
  return isBounded ? { filter: conditions.join(' and ') } : {};
}

function checkedToken(token: string): string {
  if (/^[\w+/=.:-]+$/u.test(token)) return token;
  throw protocolError('gave a token of an unknown form');
}

/** An answer that may be cut, and no way to ask for the rest. */
export function truncatedError(rows: number): SourceError {
  const message = `The answer has ${rows} rows, as many as were asked for: there may be more, and no way to ask for them.`;
  return new SourceError('RESULT_TRUNCATED', message, {
    remedy:
      'Nothing of it was committed. Narrow the query, group by less, or give a limit that the result is meant to have.',
    details: { rows },
  });
}

function protocolError(what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust ${what}.`, {
    remedy: 'Nothing of it was committed. Run again later.',
  });
}
