import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { filterTextProblem } from '../query/filter-text.js';
import { LAST_SECOND } from '../query/xact.js';

/** What every source of rows is told of where and how far to read. */
export interface ReadingSettings {
  readonly client: BraintrustClient;
  readonly filter: string | undefined;
  /** Seconds since 1970; a second that has begun counts as whole. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly settleMs: number;
  readonly lookbackSeconds: number;
}

const DAY_SECONDS = 86_400;
const YEAR_MS = 366 * DAY_SECONDS * 1_000;

/** Reads `client`, `filter`, `from`, `until`, `settleMs` and `lookbackMs`. */
export function readReadingOptions(reader: OptionReader): ReadingSettings {
  return {
    client: reader.adapter<BraintrustClient>('client', ['apiUrl', 'query', 'get']),
    filter: readFilter(reader),
    ...readBounds(reader),
    ...readDelays(reader, 120_000),
  };
}

/** Reads `from` and `until`. */
export function readBounds(reader: OptionReader): Pick<ReadingSettings, 'from' | 'until'> {
  const from = reader.date('from');
  const until = reader.date('until');
  if (from !== undefined && until !== undefined && from >= until)
    reader.problem('until', 'must be later than `from`');
  return {
    from: from === undefined ? 0 : boundSecond(Math.floor(from.getTime() / 1_000)),
    until: until === undefined ? LAST_SECOND : boundSecond(Math.ceil(until.getTime() / 1_000)),
  };
}

/** Reads `settleMs` and `lookbackMs`. */
export function readDelays(
  reader: OptionReader,
  settleMs: number,
): Pick<ReadingSettings, 'settleMs' | 'lookbackSeconds'> {
  const range = { min: 0, max: YEAR_MS };
  return {
    settleMs: reader.number('settleMs', settleMs, range),
    lookbackSeconds: Math.ceil(reader.number('lookbackMs', 600_000, range) / 1_000),
  };
}

/** Reads `sourceRetentionDays`, in seconds. */
export function readRetention(reader: OptionReader): number | undefined {
  if (!reader.has('sourceRetentionDays')) return undefined;
  const range = { min: 1, max: 36_500, integer: false };
  return Math.floor(reader.number('sourceRetentionDays', undefined, range) * DAY_SECONDS);
}

/** Reads `columns`, to which the fields that identify a row are added. */
export function readColumns(
  reader: OptionReader,
  objectFields: readonly string[],
): readonly string[] | undefined {
  if (!reader.has('columns')) return undefined;
  const columns = reader.strings('columns');
  if (columns.length === 0) reader.problem('columns', 'must hold at least one field');
  return [...new Set([...columns, '_xact_id', 'created', 'id', ...objectFields])].sort();
}

function readFilter(reader: OptionReader): string | undefined {
  if (!reader.has('filter')) return undefined;
  const filter = reader.string('filter');
  const problem = filter === '' ? null : filterTextProblem(filter);
  if (problem !== null) reader.problem('filter', problem);
  return filter;
}

function boundSecond(second: number): number {
  return Math.min(LAST_SECOND, Math.max(0, second));
}
