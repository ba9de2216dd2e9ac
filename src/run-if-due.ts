import { isExportError } from './errors/index.js';
import type { CursorStore, Runtime } from './interfaces/index.js';
import { readOptions } from './options/index.js';
import { systemRuntime } from './util/runtime.js';

/** Names of the usual intervals. */
export type IntervalName =
  'fiveMinutes' | 'thirtyMinutes' | 'hourly' | 'fourHourly' | 'twelveHourly' | 'daily' | 'weekly';

/** The intervals that schedules usually have, in milliseconds. */
export const INTERVALS_MS: Readonly<Record<IntervalName, number>> = Object.freeze({
  fiveMinutes: 5 * 60_000,
  thirtyMinutes: 30 * 60_000,
  hourly: 60 * 60_000,
  fourHourly: 4 * 60 * 60_000,
  twelveHourly: 12 * 60 * 60_000,
  daily: 24 * 60 * 60_000,
  weekly: 7 * 24 * 60 * 60_000,
});

const SAVE_ATTEMPTS = 2;
const CLOCK_SKEW_MAX_MS = 15 * 60_000;
const INTERVAL_MAX_MS = 366 * 24 * 60 * 60_000;

export interface RunIfDueOptions {
  /** Holds when the work began last. */
  readonly cursorStore: CursorStore;
  /** Name of the schedule. Letters, digits, `_` and `-`. */
  readonly id: string;
  /** Time between the beginnings of two runs, in milliseconds. One second to 366 days. */
  readonly intervalMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Time, for tests. */
  readonly runtime?: Runtime | undefined;
}

/** Outcome of {@link runIfDue}. */
export type RunIfDueResult<T> =
  | { readonly ran: true; readonly value: T; readonly nextDueAt: Date }
  | { readonly ran: false; readonly nextDueAt: Date };

/**
 * Does `work` when its interval has passed since it last began, at most once per interval over all processes
 * that share the cursor store. Call it as often as you like, from any scheduler. A beginning is recorded before
 * the work; when the work throws, the record is taken back, so that the next call tries again.
 * @throws what `work` throws, and the errors of the cursor store.
 */
export async function runIfDue<T>(
  options: RunIfDueOptions,
  work: () => T | Promise<T>,
): Promise<RunIfDueResult<T>> {
  const { store, key, intervalMs, runtime, signal } = readDueOptions(options);
  const stored = await store.load(key, { signal });
  const before = startedAtOf(stored?.document);
  const now = runtime.now().getTime();
  // A beginning still to come is the work of a broken clock, and would keep the work back until then.
  const isUsable = before !== null && before <= now + CLOCK_SKEW_MAX_MS;
  const due = isUsable ? before + intervalMs : now;
  if (due > now) return { ran: false, nextDueAt: new Date(due) };
  const nextDueAt = new Date(now + intervalMs);
  const mark = { version: 1, startedAt: new Date(now).toISOString(), writeId: runtime.id() };
  const revision = await saveMark({
    store,
    key,
    mark,
    ifRevision: stored?.revision ?? null,
    signal,
  });
  // Another process was faster: the work of this interval is its own.
  if (revision === null) return { ran: false, nextDueAt };
  try {
    return { ran: true, value: await work(), nextDueAt };
  } catch (error) {
    await takeBack(store, { key, before, revision });
    throw error;
  }
}

interface MarkSave {
  readonly store: CursorStore;
  readonly key: string;
  readonly mark: { readonly version: number; readonly startedAt: string; readonly writeId: string };
  readonly ifRevision: string | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * Saves the beginning, once more when the answer was lost: a beginning that was recorded and not followed by work
 * would leave out a whole interval.
 * @returns `null` when another process has recorded its own.
 */
async function saveMark({
  store,
  key,
  mark,
  ifRevision,
  signal,
}: MarkSave): Promise<string | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await store.save(key, mark, { ifRevision, signal })).revision;
    } catch (error) {
      signal?.throwIfAborted();
      if (isExportError(error, 'CHECKPOINT_CONFLICT')) {
        const stored = await store.load(key, { signal });
        const writeId = (stored?.document as { writeId?: unknown } | undefined)?.writeId;
        return stored !== null && writeId === mark.writeId ? stored.revision : null;
      }
      if (attempt === SAVE_ATTEMPTS) throw error;
    }
  }
}

function readDueOptions(options: RunIfDueOptions): {
  store: CursorStore;
  key: string;
  intervalMs: number;
  runtime: Runtime;
  signal: AbortSignal | undefined;
} {
  return readOptions('runIfDue', options, (reader) => ({
    store: reader.adapter<CursorStore>('cursorStore', ['load', 'save']),
    key: `schedules/${reader.string('id')}`,
    intervalMs: reader.number('intervalMs', undefined, { min: 1_000, max: INTERVAL_MAX_MS }),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'id'], systemRuntime),
    signal: reader.has('signal') ? reader.adapter<AbortSignal>('signal', ['aborted']) : undefined,
  }));
}

/** A record that cannot be read counts as never: the work itself guards against running twice. */
function startedAtOf(document: unknown): number | null {
  const text = (document as { startedAt?: unknown } | null | undefined)?.startedAt;
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

async function takeBack(
  store: CursorStore,
  mark: { readonly key: string; readonly before: number | null; readonly revision: string },
): Promise<void> {
  const startedAt = new Date(mark.before ?? 0).toISOString();
  try {
    await store.save(mark.key, { version: 1, startedAt }, { ifRevision: mark.revision });
  } catch {
    // The failure of the work is the one to report; the next interval comes anyway.
  }
}
