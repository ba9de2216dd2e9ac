import { SourceError } from '../../errors/index.js';
import type { Json, RowBatch } from '../../interfaces/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { LAST_SECOND } from '../query/xact.js';
import { incompleteReason } from '../records/page-check.js';
import { checkNoRowsMissing } from './count-rows.js';
import { truncatedError } from './read-answer.js';
import { kindOfSource, rowChoiceOf } from './row-choice.js';
import { countTornRows } from './row-query.js';
import { rowsWithIds, secondOf } from './snapshot-rows.js';
import type { SnapshotContext, SnapshotReading, SnapshotRows } from './snapshot-rows.js';
import { sortedQuery, sortedRowsOf } from './sorted-query.js';
import type { SortedPlace, SortedRows } from './sorted-query.js';

/** So many pages in a row may hold nothing but rows that were given before, because they moved. */
const IDLE_PAGES_MAX = 100;

/**
 * Reads the first rows in the query's own order: page by page from value to value, and where values are equal from
 * id to id. A row that changes meanwhile may come twice and is given once.
 */
export async function* readSorted(context: SnapshotContext): SnapshotReading {
  const { settings } = context;
  const { limit = Infinity } = settings.query;
  const kind = kindOfSource(settings.query.from?.kind ?? 'project_logs');
  const sorted = sortedRowsOf(settings, rowChoiceOf(settings.query, kind));
  const given = new Set<string>();
  let after: SortedPlace | null = null;
  let takenAt: number | null = null;
  let pages = 0;
  let idlePages = 0;
  while (given.size < limit) {
    const asked = Math.min(limit - given.size, context.pageSize.rows);
    const answer = await askSorted(context, sorted, { after, limit: asked });
    if (answer === null) continue;
    takenAt ??= secondOf(answer);
    pages += 1;
    const { rows } = answer;
    if (rows.length === 0) break;
    const part = rowsWithIds(rows, { kind, place: given.size, removed: sorted.removed });
    const fresh = withoutGiven(part, given);
    idlePages = fresh.ids.length > 0 ? 0 : idlePages + 1;
    if (idlePages > IDLE_PAGES_MAX) throw protocolError('gave the same rows over and over');
    if (fresh.ids.length > 0) yield fresh;
    if (given.size >= limit) break;
    if (settings.query.sort.length > 1) {
      if (rows.length >= asked) throw truncatedError(rows.length);
      break;
    }
    after = placeAfter(sorted, rows, after);
  }
  if (given.size < limit && takenAt !== null)
    await checkNoRowsMissing(context, sorted.choice, { given: given.size, second: takenAt });
  const isTorn = pages > 1 && takenAt !== null;
  const tornRows = isTorn ? await countTornRows(context, sorted.choice, takenAt ?? 0) : 0;
  return { takenAt, tornRows };
}

/** `null` when fewer rows must be asked for. */
async function askSorted(
  { settings, pageSize, signal, observer }: SnapshotContext,
  sorted: SortedRows,
  page: { readonly after: SortedPlace | null; readonly limit: number },
): Promise<QueryAnswer | null> {
  const { parameters } = settings;
  const canAskForLess = page.limit > 1;
  try {
    const query = sortedQuery(sorted, page);
    const answer = await settings.client.query(query, {
      ...parameters,
      signal,
      observer,
      canAskForLess,
    });
    checkAnswer(answer, page.limit);
    pageSize.keep();
    return answer;
  } catch (error) {
    if (!(error instanceof SmallerPageNeeded)) throw error;
    pageSize.shrink();
    return null;
  }
}

function checkAnswer(answer: QueryAnswer, limit: number): void {
  const reason = incompleteReason(answer, secondOf(answer) ?? LAST_SECOND);
  if (reason !== null)
    throw new SourceError('SOURCE_BEHIND', `Braintrust is behind: ${reason}.`, {
      remedy: 'Run again later: the next run reads the whole result.',
      retryable: true,
    });
  if (answer.rows.length > limit)
    throw protocolError(`answered ${answer.rows.length} rows where ${limit} were asked for`);
}

/** The rows that were not given yet, which are noted as given. */
function withoutGiven(part: SnapshotRows, given: Set<string>): SnapshotRows {
  const fresh = part.ids.flatMap((id, row) => {
    const name = JSON.stringify([part.objects[row], id]);
    if (given.has(name)) return [];
    given.add(name);
    return [row];
  });
  if (fresh.length === part.ids.length) return part;
  return {
    rows: part.rows.select(fresh),
    objects: fresh.map((row) => part.objects[row] ?? ''),
    ids: fresh.map((row) => part.ids[row] ?? ''),
  };
}

function placeAfter(
  { choice, sortField }: SortedRows,
  rows: RowBatch,
  before: SortedPlace | null,
): SortedPlace {
  const { objectField } = choice.kind;
  const last = rows.slice(rows.length - 1, rows.length);
  const names = objectField === null ? ['id'] : ['id', objectField];
  const columns = last.fields(names);
  const id = columns['id']?.[0];
  if (typeof id !== 'string') throw protocolError('answered a row without `id`');
  const objectId = objectField === null ? null : (columns[objectField]?.[0] ?? null);
  const value = sortValue(last, sortField);
  const place = {
    value,
    id,
    objectId,
    // Rows without a value stand together: at the beginning if the first row of all is one, else at the end.
    nullsFirst: before?.nullsFirst ?? sortValue(rows.slice(0, 1), sortField) === null,
  };
  const isSame = before !== null && before.id === id && before.objectId === objectId;
  if (isSame && JSON.stringify(before.value) === JSON.stringify(value))
    throw protocolError('gave the row of the page before once more');
  return place;
}

/** The sort value of the only row of a batch. */
function sortValue(row: RowBatch, sortField: string): Json {
  const value = row.objects()[0]?.[sortField] ?? null;
  if (typeof value === 'object' && value !== null)
    throw new SourceError(
      'RESULT_TRUNCATED',
      'The rows are sorted by a list or an object: what comes after one cannot be asked for.',
      { remedy: 'Nothing was committed. Sort by a text or a number, or lower the limit.' },
    );
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value))
    return value as Json;
  return { btql: row.fields([sortField])[sortField]?.[0] ?? '' };
}

function protocolError(what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust ${what}.`, {
    remedy: 'Nothing of it was committed. Run again later.',
  });
}
