import { SourceError } from '../../errors/index.js';
import type { Json, OperationOptions, Row, Survey } from '../../interfaces/index.js';
import { parseIsoDate } from '../../util/iso-date.js';
import { LAST_SECOND, xactIdAt } from '../query/xact.js';
import { compare, fromObjects } from '../records/records-query.js';
import { checkAnswer } from './read-by-id.js';
import { inParts } from './remaining-rows.js';
import { answerError } from './retained-row.js';
import { boundSecond } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';

const OBJECTS_PER_QUERY = 25;
/** Days that one query counts by: the most rows that an answer has. */
const DAYS_PER_QUERY = 1_000;
/** Of 270 years each. */
const QUERIES_MAX = 40;
const DAY_MS = 86_400_000;

/** Candidates that were created on one UTC day. */
interface DayCount {
  readonly day: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/**
 * Counts rows, all and those in the scope.
 * @throws SourceError as `client.query` does; `SOURCE_BEHIND`, `SOURCE_PROTOCOL`.
 */
export async function surveyRows(
  settings: ReaderSettings,
  operation: OperationOptions,
): Promise<Survey> {
  let existing = 0;
  const days: DayCount[] = [];
  for (const objectIds of inParts(settings.objectIds, OBJECTS_PER_QUERY)) {
    const survey = { settings, objectIds, operation };
    existing += await countRows(survey);
    days.push(...(await countDays(survey)));
  }
  const byDay = new Map<string, number>();
  for (const { day, count } of days) byDay.set(day, (byDay.get(day) ?? 0) + count);
  return {
    of: 'rows',
    existing,
    candidates: days.reduce((sum, { count }) => sum + count, 0),
    days: [...byDay].sort(byText).map(([day, count]) => ({ day, count })),
    oldest:
      days
        .map(({ oldest }) => oldest)
        .sort()
        .at(0) ?? null,
    newest:
      days
        .map(({ newest }) => newest)
        .sort()
        .at(-1) ?? null,
  };
}

interface Counting {
  readonly settings: ReaderSettings;
  readonly objectIds: readonly string[];
  readonly operation: OperationOptions;
}

async function countRows(counting: Counting): Promise<number> {
  const rows = await askAggregate(counting, {
    measures: [measure('counted', 'count(1)')],
    filter: { op: 'and', children: versionsBelow(xactIdAt(LAST_SECOND)) },
  });
  if (rows.length > 1) throw answerError('has several counts where one was asked');
  return rows[0] === undefined ? 0 : countOf(rows[0]);
}

/** Candidates day by day. A day is never divided between two answers. */
async function countDays(counting: Counting): Promise<readonly DayCount[]> {
  const { scope } = counting.settings;
  const days: DayCount[] = [];
  for (let query = 0; query < QUERIES_MAX; query += 1) {
    const next = nextDay(days.at(-1));
    const answered = await askAggregate(counting, {
      dimensions: [measure('created_day', "date_trunc('day', created)")],
      measures: [
        measure('counted', 'count(1)'),
        measure('oldest', 'min(created)'),
        measure('newest', 'max(created)'),
      ],
      filter: {
        op: 'and',
        children: [
          ...versionsBelow(xactIdAt(boundSecond(scope))),
          compare('lt', 'created', scope.cutoff.toISOString()),
          ...(next === null ? [] : [compare('ge', 'created', next)]),
        ],
      },
      sort: [{ expr: { op: 'ident', name: ['created_day'] }, dir: 'asc' }],
      limit: DAYS_PER_QUERY,
    });
    for (const row of answered) days.push(dayAfter(days.at(-1), row));
    if (answered.length < DAYS_PER_QUERY) return days;
  }
  throw new SourceError('LIMIT_EXCEEDED', `Rows were created on over ${days.length} days.`, {
    remedy: 'Correct the creation times of the rows, or hold those that lie too far back.',
  });
}

async function askAggregate(
  { settings, objectIds, operation }: Counting,
  query: Readonly<Record<string, Json>>,
): Promise<readonly Row[]> {
  const { client, kind } = settings;
  const from = fromObjects({ kind, objectIds, shape: 'spans' });
  const answer = await client.query({ ...query, from }, operation);
  checkAnswer(answer);
  return answer.rows.objects();
}

/** The plain bounds let the service leave out what it need not read. */
function versionsBelow(version: string): readonly Json[] {
  return [compare('ge', '_xact_id', xactIdAt(0)), compare('lt', '_xact_id', version)];
}

function measure(alias: string, btql: string): Json {
  return { alias, expr: { btql } };
}

function dayAfter(before: DayCount | undefined, row: Row): DayCount {
  const day = momentOf(row, 'created_day').slice(0, 10);
  if (before !== undefined && day <= before.day) throw answerError('counts days in no order');
  const [oldest, newest] = [momentOf(row, 'oldest'), momentOf(row, 'newest')];
  return { day, count: countOf(row), oldest, newest };
}

function nextDay(last: DayCount | undefined): string | null {
  return last === undefined ? null : new Date(Date.parse(last.day) + DAY_MS).toISOString();
}

function momentOf(row: Row, name: string): string {
  const value = row[name];
  const moment = typeof value === 'string' ? parseIsoDate(value) : null;
  if (moment === null) throw answerError(`has a count whose \`${name}\` is no time`);
  return moment.toISOString();
}

function countOf({ counted }: Row): number {
  if (typeof counted === 'number' && Number.isSafeInteger(counted) && counted >= 0) return counted;
  throw answerError('has no count where one was asked');
}

function byText([left]: readonly [string, number], [right]: readonly [string, number]): number {
  return left < right ? -1 : 1;
}
