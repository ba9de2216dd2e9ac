import type { RowIdentity } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { readLogsOptions } from '../spans/spans-options.js';
import type { LogsSettings, SpansSourceOptions } from '../spans/spans-options.js';

/** Options of {@link tracesSource}. */
export interface TracesSourceOptions extends Omit<SpansSourceOptions, 'columns' | 'filter'> {
  /**
   * A BTQL expression that traces must meet, such as `any_span(error is not null)`. The service applies it to its
   * summaries. @defaultValue all traces
   */
  readonly filter?: string | undefined;
  /**
   * How long no span of a trace must have changed before it is given, in milliseconds. @defaultValue 30_000
   */
  readonly idleMs?: number | undefined;
  /**
   * How long the changes of a trace that never rests may wait, in milliseconds, until it is given as it is; at least
   * a minute, or `Infinity`. @defaultValue 3_600_000
   */
  readonly maxOpenMs?: number | undefined;
  /** Whether each row holds all spans of its trace as a member `spans`. @defaultValue false */
  readonly spans?: boolean | undefined;
}

export interface TracesSettings extends LogsSettings {
  readonly idleMs: number;
  readonly maxOpenSeconds: number;
  readonly spans: boolean;
}

export const TRACE_IDENTITY: RowIdentity = Object.freeze({
  object: 'project_id',
  id: 'root_span_id',
  version: '_xact_id',
  created: 'created',
});

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export function readTracesOptions(options: unknown): Readonly<TracesSettings> {
  return readOptions('tracesSource', options, (reader) => ({
    ...readLogsOptions(reader),
    idleMs: reader.number('idleMs', 30_000, { min: 0, max: DAY_MS }),
    maxOpenSeconds: Math.floor(reader.number('maxOpenMs', 3_600_000, { min: MINUTE_MS }) / 1_000),
    spans: reader.boolean('spans', false),
  }));
}
