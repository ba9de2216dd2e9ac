import { createHash } from 'node:crypto';

import { SourceError } from '../../errors/index.js';
import type { Json, Observer } from '../../interfaces/index.js';
import { type OptionReader, kindOf, readOptions } from '../../options/index.js';
import { readSignal } from '../../options/read-signal.js';
import type { ParquetClient } from '../client/client.js';
import { type QueryParameters, readTzOffset } from '../client/query-parameters.js';

/** The most rows that the service answers at a time. */
const LIMIT = 1_000;

/** Options of {@link serviceParquet}. */
export interface ServiceParquetOptions {
  readonly client: ParquetClient;
  /** BTQL or SQL text, or a parsed query. It is sent as it is. */
  readonly query: Json;
  /**
   * The limit that the query states, or that the service sets when it states none: with so many rows there may be more.
   * At most 1,000, where the service cuts a result whatever the query states.
   * @defaultValue 1000
   */
  readonly limit?: number | undefined;
  /**
   * What happens when the file has `limit` rows. `stop`: it is `RESULT_TRUNCATED`; `keep`: it is what was asked for.
   * @defaultValue 'stop'
   */
  readonly onLimit?: 'stop' | 'keep' | undefined;
  /** Minutes that local time is behind UTC, for functions of days and hours. @defaultValue 0 */
  readonly tzOffset?: number | undefined;
  /** Rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Receives `request` and `retry` events. */
  readonly observer?: Observer | undefined;
}

/** A Parquet file as the service made it. */
export interface ServiceParquet {
  readonly content: Uint8Array;
  /** Rows that its footer says. */
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the file, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** False when it has `limit` rows, so that there may be more. */
  readonly complete: boolean;
}

interface ServiceParquetSettings {
  readonly client: ParquetClient;
  readonly query: Json;
  readonly limit: number;
  readonly onLimit: 'stop' | 'keep';
  readonly parameters: Pick<QueryParameters, 'tzOffset'>;
  readonly signal: AbortSignal | undefined;
  readonly observer: Observer | undefined;
}

/**
 * Asks the service for the result of one query as a Parquet file of its own making, and checks it: its ends, its footer,
 * and that its rows are below the limit at which the service would have cut them. The file is in memory, up to the
 * client's `maxAnswerBytes`.
 *
 * Its columns are the service's, and not documented; those of `parquetEncoder` are.
 * @throws ConfigurationError `OPTION_INVALID`; SourceError `RESULT_TRUNCATED`, and those of `client.query`.
 */
export async function serviceParquet(options: ServiceParquetOptions): Promise<ServiceParquet> {
  const settings = readOptions('serviceParquet', options, readSettings);
  const { client, query, limit, onLimit, parameters, signal, observer } = settings;
  const { content, rows } = await client.queryParquet(query, { ...parameters, signal, observer });
  const complete = rows < limit;
  if (!complete && onLimit === 'stop') throw truncated(rows, limit);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return Object.freeze({ content, rows, bytes: content.length, sha256, complete });
}

function readSettings(reader: OptionReader): ServiceParquetSettings {
  const query = reader.value('query');
  const isQuery = typeof query === 'string' ? query.trim() !== '' : isObject(query);
  if (!isQuery) reader.problem('query', `must be text or a parsed query, not ${kindOf(query)}`);
  const tzOffset = readTzOffset(reader);
  return {
    client: reader.adapter<ParquetClient>('client', ['queryParquet']),
    query: query as Json,
    limit: reader.number('limit', LIMIT, { min: 1, max: LIMIT }),
    onLimit: reader.oneOf<'stop' | 'keep'>('onLimit', ['stop', 'keep'], 'stop'),
    parameters: tzOffset === 0 ? {} : { tzOffset },
    signal: readSignal(reader),
    observer: reader.func<Observer>('observer'),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function truncated(rows: number, limit: number): SourceError {
  return new SourceError(
    'RESULT_TRUNCATED',
    `The service's Parquet file has ${rows} rows, and the limit is ${limit}: there may be more.`,
    {
      remedy:
        "Narrow the query; give its own `limit` and `onLimit: 'keep'` if the first rows are what you want; or use `btqlSource` with `parquetEncoder`, which reads every page.",
      details: { rows, limit },
    },
  );
}
