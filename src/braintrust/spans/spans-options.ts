import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { filterTextProblem } from '../query/filter-text.js';

const PROJECTS_MAX = 500;

/** Options of {@link spansSource}. */
export interface SpansSourceOptions {
  readonly client: BraintrustClient;
  /** Id of the project whose logs are read. Either this or `projectIds`. */
  readonly projectId?: string | undefined;
  /**
   * Ids of several projects, 500 at most. May change between runs: a project that is added is read from its
   * beginning, one that is removed and added again goes on where it was.
   */
  readonly projectIds?: readonly string[] | undefined;
  /** A BTQL expression that rows must meet, such as `metadata.tier = 'gold'`. @defaultValue all rows */
  readonly filter?: string | undefined;
  /** Top-level fields to read; those that identify a row are always added. @defaultValue all fields */
  readonly columns?: readonly string[] | undefined;
  /** Only what was written at this time or later, to the second. @defaultValue the beginning of the data */
  readonly from?: Date | undefined;
  /** Only what was written before this time, to the second; then the source is at its end. */
  readonly until?: Date | undefined;
  /**
   * How far behind the plane's clock a read ends, in milliseconds: writes are visible by then.
   * @defaultValue 120_000
   */
  readonly settleMs?: number | undefined;
  /**
   * How far before its last end a read begins again, in milliseconds, to find what became visible late.
   * @defaultValue 600_000
   */
  readonly lookbackMs?: number | undefined;
  /** How many days the plan keeps project logs: 14, 30. The first read begins inside of them. */
  readonly sourceRetentionDays?: number | undefined;
  /**
   * What happens when one of several projects may not be read: `stop` ends the read, `continue` leaves the project
   * where it is, tells it by a `project-error` event and reads the others. @defaultValue 'stop'
   */
  readonly onProjectError?: 'stop' | 'continue' | undefined;
}

/** What sources of project logs have in common. */
export interface LogsSettings {
  readonly client: BraintrustClient;
  /** Ascending, without duplicates. */
  readonly projectIds: readonly string[];
  readonly filter: string | undefined;
  /** Seconds since 1970; a second that has begun counts as whole. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly settleMs: number;
  readonly lookbackSeconds: number;
  readonly retentionSeconds: number | undefined;
  readonly onProjectError: 'stop' | 'continue';
}

const DAY_SECONDS = 86_400;
const YEAR_MS = 366 * DAY_SECONDS * 1_000;
/** The last second that a transaction id can hold. */
const LAST_SECOND = 2 ** 32 - 1;

export interface SpansSettings extends LogsSettings {
  readonly columns: readonly string[] | undefined;
}

export function readSpansOptions(options: unknown): Readonly<SpansSettings> {
  return readOptions('spansSource', options, (reader) => ({
    ...readLogsOptions(reader),
    columns: readColumns(reader),
  }));
}

/** Reads the options that sources of project logs have in common. */
export function readLogsOptions(reader: OptionReader): LogsSettings {
  const from = reader.date('from');
  const until = reader.date('until');
  if (from !== undefined && until !== undefined && from >= until)
    reader.problem('until', 'must be later than `from`');
  return {
    client: reader.adapter<BraintrustClient>('client', ['apiUrl', 'query']),
    projectIds: readProjectIds(reader),
    filter: readFilter(reader),
    from: from === undefined ? 0 : boundSecond(Math.floor(from.getTime() / 1_000)),
    until: until === undefined ? LAST_SECOND : boundSecond(Math.ceil(until.getTime() / 1_000)),
    settleMs: reader.number('settleMs', 120_000, { min: 0, max: YEAR_MS }),
    lookbackSeconds: Math.ceil(
      reader.number('lookbackMs', 600_000, { min: 0, max: YEAR_MS }) / 1_000,
    ),
    retentionSeconds: readRetention(reader),
    onProjectError: reader.oneOf('onProjectError', ['stop', 'continue'], 'stop'),
  };
}

function readProjectIds(reader: OptionReader): readonly string[] {
  const [one, several] = [reader.has('projectId'), reader.has('projectIds')];
  if (one === several) {
    reader.problem('projectId', 'or `projectIds` must be given, and only one of the two');
    return [];
  }
  if (one) return [reader.string('projectId')];
  const ids = reader.strings('projectIds');
  const unique = [...new Set(ids)].sort();
  if (unique.length === 0 || unique.length > PROJECTS_MAX)
    reader.problem('projectIds', `must hold 1 to ${PROJECTS_MAX} ids, not ${unique.length}`);
  if (unique.length < ids.length) reader.problem('projectIds', 'names an id twice');
  return unique;
}

function readFilter(reader: OptionReader): string | undefined {
  if (!reader.has('filter')) return undefined;
  const filter = reader.string('filter');
  const problem = filter === '' ? null : filterTextProblem(filter);
  if (problem !== null) reader.problem('filter', problem);
  return filter;
}

function readColumns(reader: OptionReader): readonly string[] | undefined {
  if (!reader.has('columns')) return undefined;
  const columns = reader.strings('columns');
  if (columns.length === 0) reader.problem('columns', 'must hold at least one field');
  return [...new Set([...columns, '_xact_id', 'created', 'id', 'project_id'])].sort();
}

function readRetention(reader: OptionReader): number | undefined {
  if (!reader.has('sourceRetentionDays')) return undefined;
  const days = reader.number('sourceRetentionDays', undefined, {
    min: 1,
    max: 36_500,
    integer: false,
  });
  return Math.floor(days * DAY_SECONDS);
}

function boundSecond(second: number): number {
  return Math.min(LAST_SECOND, Math.max(0, second));
}
