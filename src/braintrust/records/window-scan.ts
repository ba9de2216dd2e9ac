import { SourceError, isExportError } from '../../errors/index.js';
import type { Json, OperationOptions, RowBatch } from '../../interfaces/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { BraintrustClient } from '../client/client.js';
import type { QueryParameters } from '../client/query-parameters.js';
import { checkRows, checkTransactions, incompleteReason } from './page-check.js';
import type { PageSize } from '../query/page-size.js';
import { scanConditions, scanOrder, recordsQuery, tieConditions } from './records-query.js';
import type { RecordChoice, RecordKind } from './record-kind.js';
import type { Position, RowPlace, ScanRange } from './records-query.js';
import type { QueryAnswer } from '../query/query-answer.js';

/** Rows of a window, in order. */
export interface ScannedPage {
  readonly rows: RowBatch;
  readonly xactIds: readonly string[];
  /** The place after the last row. */
  readonly after: Position;
  /** The place after any row, where the order of the rows allows it. */
  readonly afterRow: ((index: number) => Position) | undefined;
}

/** What scans of one read share. */
export interface ScanContext extends OperationOptions {
  readonly client: Pick<BraintrustClient, 'query'>;
  readonly choice: RecordChoice;
  /** Members of the request besides the query. */
  readonly parameters: QueryParameters;
  readonly pageSize: PageSize;
  /** Set once the plane has refused to sort by more than one field. */
  oneSortField: boolean;
  /** Throws when rows of the range may have expired before the answer was made. */
  checkClock(planeNow: Date | null, range: ScanRange): void;
}

/**
 * Reads a window from its position to its end. Pages are in the order of their `xactIds`; each has a place that
 * lies behind the one before, from which another scan of the window goes on.
 */
export type WindowScan = (context: ScanContext, window: ScanRange) => AsyncGenerator<ScannedPage>;

interface Ask {
  readonly range: ScanRange;
  readonly conditions: readonly Json[];
  readonly sort: readonly string[];
}

interface Asked {
  readonly rows: RowBatch;
  readonly limit: number;
}

/**
 * Reads a window from its position to its end. Only an answer without rows is the end: a page may be short for
 * reasons of the plane.
 * @throws SourceError `SOURCE_BEHIND` before a page that the plane could not answer completely.
 */
export async function* scanWindow(
  context: ScanContext,
  window: ScanRange,
): AsyncGenerator<ScannedPage> {
  let range = window;
  while (!context.oneSortField) {
    const asked = await askInFullOrder(context, range);
    if (asked === null) break;
    if (asked.rows.length === 0) return;
    const page = pageInFullOrder(context, asked, range);
    yield page;
    range = { ...range, after: page.after };
  }
  yield* scanByTransaction(context, range);
}

/** `null` when the plane refuses the sort. */
async function askInFullOrder(context: ScanContext, range: ScanRange): Promise<Asked | null> {
  try {
    const { kind } = context.choice;
    const [conditions, sort] = [scanConditions(kind, range), scanOrder(kind, range)];
    return await ask(context, { range, conditions, sort });
  } catch (error) {
    const refused = isExportError(error, 'SOURCE_QUERY_INVALID') && /sort/iu.test(error.message);
    if (!refused) throw error;
    context.oneSortField = true;
    return null;
  }
}

function pageInFullOrder(
  { choice }: ScanContext,
  { rows, limit }: Asked,
  range: ScanRange,
): ScannedPage {
  const places = checkRows(rows, { kind: choice.kind, range, limit });
  return {
    rows: rows.slice(0, places.usable),
    xactIds: places.xactIds.slice(0, places.usable),
    after: places.after(places.usable - 1),
    afterRow: places.everyRow ? (index) => places.after(index) : undefined,
  };
}

/**
 * For a plane that sorts by one field only: whole transactions by `_xact_id`. The last one of a page may be cut by
 * the page's end, so it is read again with the next page; one that fills a page is read by id.
 */
async function* scanByTransaction(
  context: ScanContext,
  window: ScanRange,
): AsyncGenerator<ScannedPage> {
  let range = window;
  if (range.after !== null && range.after.row !== null) {
    yield* scanTransaction(context, range, range.after);
    range = { ...range, after: { xactId: range.after.xactId, row: null } };
  }
  for (;;) {
    const conditions = scanConditions(context.choice.kind, range);
    const { rows, limit } = await ask(context, { range, conditions, sort: ['_xact_id'] });
    if (rows.length === 0) return;
    const xactIds = checkTransactions(rows, { range, limit });
    const last = xactIds.at(-1) ?? '';
    const whole = xactIds.indexOf(last);
    if (whole === 0) yield* scanTransaction(context, range, { xactId: last, row: null });
    else yield wholeTransactions(rows.slice(0, whole), xactIds.slice(0, whole));
    const done = whole === 0 ? last : (xactIds[whole - 1] ?? '');
    range = { ...range, after: { xactId: done, row: null } };
  }
}

function wholeTransactions(rows: RowBatch, xactIds: readonly string[]): ScannedPage {
  const after = { xactId: xactIds.at(-1) ?? '', row: null };
  return { rows, xactIds, after, afterRow: undefined };
}

/** One transaction, object by object, by id; after a row of it, or whole. */
async function* scanTransaction(
  context: ScanContext,
  window: ScanRange,
  from: Position,
): AsyncGenerator<ScannedPage> {
  for (const objectId of window.objectIds) {
    if (from.row !== null && objectId < from.row.objectId) continue;
    let after: RowPlace | null = from.row?.objectId === objectId ? from.row : null;
    for (;;) {
      const range = tieRange(window, objectId, { xactId: from.xactId, row: after });
      const conditions = tieConditions(context.choice.kind, objectId, { ...from, row: after });
      const asked = await ask(context, { range, conditions, sort: ['id'] });
      if (asked.rows.length === 0) break;
      const page = pageInFullOrder(context, asked, range);
      if (page.xactIds.at(-1) !== from.xactId) throw transactionError();
      yield page;
      after = page.after.row;
    }
  }
}

/** The range against which the rows of one transaction are checked. */
function tieRange(window: ScanRange, objectId: string, after: Position): ScanRange {
  const row = after.row ?? { objectId: '', id: null };
  return { ...window, objectIds: [objectId], after: { ...after, row } };
}

/** Asks for one page, with fewer rows while that may help. */
async function ask(context: ScanContext, { range, conditions, sort }: Ask): Promise<Asked> {
  const { client, choice, parameters, pageSize, signal, observer } = context;
  const { objectIds } = range;
  for (;;) {
    const limit = pageSize.rows;
    const query = recordsQuery({ ...choice, objectIds, conditions, sort, limit });
    try {
      const canAskForLess = limit > 1;
      const answer = await client.query(query, { ...parameters, signal, observer, canAskForLess });
      checkComplete(context, answer, range);
      context.checkClock(answer.planeNow, range);
      pageSize.keep();
      return { rows: answer.rows, limit };
    } catch (error) {
      if (!(error instanceof SmallerPageNeeded)) throw error;
      pageSize.shrink();
    }
  }
}

/** Throws when the answer may lack rows of the range. */
export function checkComplete(
  context: ScanContext,
  answer: QueryAnswer,
  range: Pick<ScanRange, 'objectIds' | 'until'>,
): void {
  const reason = incompleteReason(answer, range.until);
  if (reason !== null)
    throw new SourceError('SOURCE_BEHIND', `Braintrust is behind: ${reason}.`, {
      remedy: 'Run again later: the next run goes on here.',
      retryable: true,
      details: detailsOf(context.choice.kind, range),
    });
  if (answer.rows.length > 0 || answer.cursor === null) return;
  throw new SourceError('SOURCE_PROTOCOL', 'Braintrust answered no rows and says there are more.', {
    remedy: 'Run again later; if it stays, tell the support of Braintrust.',
  });
}

function detailsOf(
  kind: RecordKind,
  { objectIds }: Pick<ScanRange, 'objectIds'>,
): Readonly<Record<string, unknown>> {
  return { [`${kind.noun}Ids`]: objectIds };
}

function transactionError(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'Braintrust answered rows of another transaction.', {
    remedy: 'Nothing of them was used. Run again later.',
  });
}
