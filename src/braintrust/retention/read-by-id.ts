import { SourceError } from '../../errors/index.js';
import type { Json, OperationOptions } from '../../interfaces/index.js';
import { compareKeys } from '../../util/key-order.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { BraintrustClient } from '../client/client.js';
import type { PageSize } from '../query/page-size.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { LAST_SECOND } from '../query/xact.js';
import { incompleteReason } from '../records/page-check.js';
import { compare, recordsQuery } from '../records/records-query.js';
import { answerError, readRetainedRows, retainedFields } from './retained-row.js';
import type { RetainedRow, RowReading } from './retained-row.js';

/** Most rows that a unit may have. */
export const UNIT_MAX_ROWS = 100_000;

/** What reads of one reader share. */
export interface ReadContext extends OperationOptions, RowReading {
  readonly client: Pick<BraintrustClient, 'query'>;
  readonly pageSize: PageSize;
  /** Whether the requests were reserved. */
  readonly reserved?: boolean | undefined;
  /**
   * Whether only a page without rows is the end: one may be short for reasons of the service. For reads that nothing
   * comes after, because what they miss would be taken for gone. @defaultValue false
   */
  readonly toEmptyPage?: boolean | undefined;
}

/** Rows of one object, in any version. */
export interface WantedRows {
  readonly objectId: string;
  readonly conditions: readonly Json[];
  /** How many there can be: so many are all. @defaultValue any number */
  readonly most?: number | undefined;
  /** Whether a row is one of those that were asked for. */
  readonly isWanted: (row: RetainedRow) => boolean;
}

export interface RowsRead {
  /** In the order of their ids. */
  readonly rows: readonly RetainedRow[];
  /** There are more than {@link UNIT_MAX_ROWS}. */
  readonly isCut: boolean;
  /** The host's clock just before the first page was asked for. */
  readonly readAt: Date;
}

/**
 * Reads rows as they are now, page by page in the order of their ids, which do not change: a row that is written
 * meanwhile is neither missed nor met twice. A page with fewer rows than were asked for is the last, unless the
 * context says otherwise.
 * @throws SourceError `SOURCE_BEHIND` when the service knows of something that an answer may lack, `SOURCE_PROTOCOL`
 *   for rows in no order or that nobody asked for.
 */
export async function readById(context: ReadContext, wanted: WantedRows): Promise<RowsRead> {
  const rows: RetainedRow[] = [];
  const most = wanted.most ?? Infinity;
  let readAt: Date | undefined;
  for (;;) {
    const { answer, limit } = await askById(context, wanted, rows.at(-1)?.id ?? null);
    readAt ??= answer.sentAt;
    const page = readRetainedRows(answer.rows, wanted.objectId, context);
    if (page.length > limit) throw answerError(`has ${page.length} rows where ${limit} were asked`);
    for (const row of page) addInOrder(rows, row, wanted);
    const isLast = context.toEmptyPage === true ? page.length === 0 : page.length < limit;
    const isEnd = isLast || rows.length >= most;
    const isCut = rows.length > UNIT_MAX_ROWS;
    if (isEnd || isCut) return { rows: rows.slice(0, UNIT_MAX_ROWS), isCut, readAt };
  }
}

function addInOrder(rows: RetainedRow[], row: RetainedRow, { isWanted }: WantedRows): void {
  const before = rows.at(-1);
  if (before !== undefined && compareKeys(before.id, row.id) >= 0)
    throw answerError('does not go on after what was read before');
  if (!isWanted(row)) throw answerError('has a row that nobody asked for');
  rows.push(row);
}

interface AskedPage {
  readonly answer: QueryAnswer;
  readonly limit: number;
}

/** Asks for one page, with fewer rows while that may help. */
async function askById(
  context: ReadContext,
  { objectId, conditions, most = Infinity }: WantedRows,
  after: string | null,
): Promise<AskedPage> {
  const { client, kind, pageSize, reserved, signal, observer } = context;
  for (;;) {
    const limit = Math.min(pageSize.rows, most);
    const query = recordsQuery({
      kind,
      shape: 'spans',
      select: retainedFields(context),
      filter: undefined,
      objectIds: [objectId],
      conditions: after === null ? conditions : [...conditions, compare('gt', 'id', after)],
      sort: ['id'],
      limit,
    });
    try {
      const canAskForLess = limit > 1;
      const answer = await client.query(query, { reserved, signal, observer, canAskForLess });
      checkAnswer(answer);
      pageSize.keep();
      return { answer, limit };
    } catch (error) {
      if (!(error instanceof SmallerPageNeeded)) throw error;
      if (limit === 1) throw error.cause;
      while (pageSize.rows >= limit) pageSize.shrink();
    }
  }
}

/**
 * Throws when an answer about the present may lack rows, however lately they were written. A plane that tells no
 * realtime state has not read what it has not indexed.
 * @throws SourceError `SOURCE_BEHIND`, `SOURCE_PROTOCOL`.
 */
export function checkAnswer(answer: QueryAnswer): void {
  const { realtimeState, freshnessState } = answer;
  const actualXactId = freshnessState?.lastProcessedXactId ?? null;
  const told = { ...answer, realtimeState: realtimeState ?? { type: 'on', actualXactId } };
  const reason = incompleteReason(told, LAST_SECOND);
  if (reason !== null)
    throw new SourceError('SOURCE_BEHIND', `Braintrust is behind: ${reason}.`, {
      remedy: 'Nothing was deleted by this answer. Run again later.',
      retryable: true,
    });
  if (answer.rows.length > 0 || answer.cursor === null) return;
  throw answerError('has no rows and says that there are more');
}
