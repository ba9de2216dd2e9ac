import { SourceError } from '../../errors/index.js';
import type { RowBatch } from '../../interfaces/index.js';
import { splitAnswerInSlices } from '../../rows/answer.js';
import { isXactId } from './xact.js';

/** How much of what was written the answer took into account. Ids are `null` when nothing was written yet. */
export interface RealtimeState {
  /** `on` when the answer is complete up to `actualXactId`; anything else means that its end is missing. */
  readonly type: string;
  readonly actualXactId: string | null;
}

/** Transactions that the plane had indexed, and knew of, when it answered. */
export interface FreshnessState {
  readonly lastProcessedXactId: string | null;
  readonly lastConsideredXactId: string | null;
}

/** The answer to one query. */
export interface QueryAnswer {
  readonly rows: RowBatch;
  /** Token for the next page; `null` when there is none. */
  readonly cursor: string | null;
  /** `null` when the plane does not tell. */
  readonly realtimeState: RealtimeState | null;
  /** `null` when the plane does not tell. */
  readonly freshnessState: FreshnessState | null;
  readonly warnings: readonly unknown[];
  /** The plane's clock when it answered, in whole seconds; `null` when the answer had no `Date`. */
  readonly planeNow: Date | null;
  /** The host's clock just before the attempt that was answered: rows may have changed since. */
  readonly sentAt: Date;
  /** The host's clock when the answer had arrived. */
  readonly receivedAt: Date;
  /** Size of the answer once decompressed. */
  readonly bytes: number;
}

type Members = Readonly<Record<string, unknown>>;

/** Reads the body and the first headers of an answer in the `json` format. */
export async function readQueryAnswer(
  body: Uint8Array,
  headers: Headers,
  receivedAt: Date,
): Promise<Omit<QueryAnswer, 'sentAt'>> {
  const { rows, rest } = await splitAnswerInSlices(body);
  return {
    rows,
    cursor: textOrNull(rest, 'cursor') ?? headers.get('x-bt-cursor'),
    realtimeState: readRealtimeState(rest),
    freshnessState: readFreshnessState(rest),
    warnings: Array.isArray(rest['warnings']) ? (rest['warnings'] as readonly unknown[]) : [],
    planeNow: dateOf(headers),
    receivedAt,
    bytes: body.length,
  };
}

/** The clock of who answered, or `null` when it does not tell. */
export function dateOf(headers: Headers): Date | null {
  const date = new Date(headers.get('date') ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function readRealtimeState(rest: Members): RealtimeState | null {
  const state = membersOrNull(rest, 'realtime_state');
  if (state === null) return null;
  const type = textOrNull(state, 'type');
  if (type === null) throw shapeError('realtime_state.type');
  return { type, actualXactId: xactIdOrNull(state, 'actual_xact_id') };
}

function readFreshnessState(rest: Members): FreshnessState | null {
  const state = membersOrNull(rest, 'freshness_state');
  if (state === null) return null;
  return {
    lastProcessedXactId: xactIdOrNull(state, 'last_processed_xact_id'),
    lastConsideredXactId: xactIdOrNull(state, 'last_considered_xact_id'),
  };
}

function membersOrNull(members: Members, name: string): Members | null {
  const value = members[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Members;
  throw shapeError(name);
}

function textOrNull(members: Members, name: string): string | null {
  const value = members[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw shapeError(name);
}

/** Planes write `"0"` for "nothing yet". */
function xactIdOrNull(members: Members, name: string): string | null {
  const text = textOrNull(members, name);
  if (text === null || text === '' || text === '0') return null;
  if (isXactId(text)) return text;
  throw shapeError(name);
}

function shapeError(name: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `The answer has a \`${name}\` of an unknown form.`, {
    remedy: 'Nothing of it was used. See whether a newer version of this library knows it.',
  });
}
