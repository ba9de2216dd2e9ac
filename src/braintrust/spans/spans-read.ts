import { SourceError, isExportError } from '../../errors/index.js';
import type { Cursor, OperationOptions, Page } from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import { PageSize } from '../query/page-size.js';
import { emptyQuery } from '../query/query.js';
import type { ScanRange } from '../query/query.js';
import { passedSecond, unreadSecond, watermarkOf } from './spans-bounds.js';
import { decodeCursor, encodeCursor } from './spans-cursor.js';
import type { SpansSettings } from './spans-options.js';
import {
  EMPTY_STATE,
  finished,
  newFrom,
  nextWindow,
  splitWindow,
  withOthersSetAside,
  withProjects,
  withWindow,
  withoutUnread,
} from './spans-state.js';
import type { SpansState } from './spans-state.js';
import { scanWindow } from './window-scan.js';
import type { ScanContext, ScannedPage } from './window-scan.js';
import { xactIdAt } from '../query/xact.js';

/** The most that the service takes as `limit`. */
const LIMIT_MAX = 1_000;
/** A first read begins this much inside of the plan's window: what is at its edge vanishes while it is read. */
const RETENTION_MARGIN_SECONDS = 300;

export interface SpansReadOptions extends OperationOptions {
  readonly settings: Readonly<SpansSettings>;
  readonly cursor: Cursor | null;
  readonly pageSize: number;
}

/** One read: from a cursor to where the plane's clock, less the settle delay, stood at its beginning. */
export class SpansRead {
  readonly #settings: Readonly<SpansSettings>;
  readonly #context: ScanContext;
  /** Projects still to be read; those that were refused or are behind are taken out. */
  readonly #readable: Set<string>;
  /** Projects that no cursor knew before this read. */
  #begun: ReadonlySet<string> = new Set();
  #state: SpansState;
  #refused = 0;
  #behind: SourceError | undefined;

  constructor({ settings, cursor, pageSize, signal, observer }: SpansReadOptions) {
    this.#settings = settings;
    this.#readable = new Set(settings.projectIds);
    const state = cursor === null ? EMPTY_STATE : decodeCursor(cursor);
    this.#state = withOthersSetAside(state, this.#readable);
    this.#context = {
      client: settings.client,
      choice: { filter: settings.filter, columns: settings.columns },
      pageSize: new PageSize(Math.min(LIMIT_MAX, pageSize)),
      oneSortField: false,
      checkClock: (planeNow, range) => this.#checkStillKept(planeNow, range),
      signal,
      observer,
    };
  }

  async *pages(): AsyncGenerator<Page> {
    if (this.#isAtUntil()) return;
    const target = this.#begin(await this.#askClock());
    const { lookbackSeconds } = this.#settings;
    for (;;) {
      const plan = { projectIds: this.#readable, target, lookbackSeconds };
      const next = nextWindow(this.#state, plan);
      if (next === null) break;
      this.#state = next.state;
      yield* this.#readWindow(next.window);
    }
    if (this.#behind !== undefined) throw this.#behind;
  }

  #isAtUntil(): boolean {
    const { projectIds, until } = this.#settings;
    const open = this.#state.windows.flatMap((window) => window.projectIds);
    return projectIds.every(
      (id) => !open.includes(id) && (this.#state.projects.get(id)?.end ?? -1) >= until,
    );
  }

  /** The plane's clock in seconds, as told to the first project that may be read. */
  async #askClock(): Promise<number> {
    const { client, projectIds } = this.#settings;
    const { signal, observer } = this.#context;
    for (const projectId of projectIds) {
      try {
        const { planeNow } = await client.query(emptyQuery(projectId), { signal, observer });
        if (planeNow === null) throw noClockError();
        return planeNow.getTime() / 1_000;
      } catch (error) {
        if (!isExportError(error, 'SOURCE_FORBIDDEN')) throw error;
        this.#refuse(projectId, error);
      }
    }
    throw noClockError();
  }

  /** Begins with projects that are new; answers how far to read, in seconds. */
  #begin(now: number): number {
    const { projectIds, from, until, settleMs, retentionSeconds } = this.#settings;
    const expired = retentionSeconds === undefined ? 0 : Math.ceil(now - retentionSeconds);
    for (const id of this.#readable) checkNotExpired(this.#state, id, expired);
    this.#begun = new Set(projectIds.filter((id) => !this.#state.projects.has(id)));
    const inside = expired > 0 ? expired + RETENTION_MARGIN_SECONDS : 0;
    this.#state = withProjects(this.#state, projectIds, Math.max(from, inside));
    return Math.min(until, Math.max(0, Math.floor(now - settleMs / 1_000)));
  }

  async *#readWindow(opened: ScanRange): AsyncGenerator<Page> {
    let window = opened;
    try {
      for await (const scanned of scanWindow(this.#context, opened)) {
        const before = { state: this.#state, window };
        window = { ...window, after: scanned.after };
        this.#state = withWindow(before.state, before.window, window);
        yield this.#pageOf(scanned, before);
      }
    } catch (error) {
      this.#leave(window, error);
      return;
    }
    this.#state = finished(this.#state, window);
    yield this.#endPage();
  }

  #pageOf(
    scanned: ScannedPage,
    before: { readonly state: SpansState; readonly window: ScanRange },
  ): Page {
    const { state, window } = before;
    const { afterRow } = scanned;
    const repeated = xactIdAt(newFrom(state, window));
    const firstNew = scanned.xactIds.findIndex((xactId) => xactId >= repeated);
    return {
      rows: scanned.rows,
      cursor: this.#cursorOf(this.#state),
      cursorAfter:
        afterRow &&
        ((index) =>
          this.#cursorOf(withWindow(state, window, { ...window, after: afterRow(index) }))),
      repeats: firstNew === -1 ? scanned.rows.length : firstNew,
      watermark: this.#watermark(),
    };
  }

  /** A project of which nothing was read stays out: what the plan keeps of it is judged anew when it is read. */
  #cursorOf(state: SpansState): Cursor {
    return encodeCursor(withoutUnread(state, this.#begun));
  }

  /** While a window is read the plan's edge moves on; behind it rows vanish from the answers. */
  #checkStillKept(planeNow: Date | null, range: ScanRange): void {
    const { retentionSeconds } = this.#settings;
    const wasKnown = range.projectIds.some((id) => !this.#begun.has(id));
    if (retentionSeconds === undefined || planeNow === null || (range.after === null && !wasKnown))
      return;
    const unread = Math.max(newFrom(this.#state, range), passedSecond(range));
    const expired = Math.ceil(planeNow.getTime() / 1_000 - retentionSeconds);
    if (unread < expired) throw expiredError(range.projectIds[0] ?? '', unread, expired);
  }

  /** A page without rows that says: this window is read to its end. */
  #endPage(): Page {
    return { rows: [], cursor: this.#cursorOf(this.#state), watermark: this.#watermark() };
  }

  #watermark(): Date | undefined {
    return watermarkOf(this.#state, this.#settings.projectIds) ?? undefined;
  }

  /** Leaves a window as far as it was read, when the others can still be read; else throws. */
  #leave(window: ScanRange, error: unknown): void {
    if (isExportError(error, 'SOURCE_BEHIND')) {
      this.#behind ??= error;
      for (const id of window.projectIds) this.#readable.delete(id);
      return;
    }
    if (!isExportError(error, 'SOURCE_FORBIDDEN')) throw error;
    const refused = refusedProject(window, error);
    if (refused === undefined) {
      // The service does not say which one: each is asked alone.
      const alone = window.projectIds.map((id) => [id]);
      this.#state = splitWindow(this.#state, window, alone);
      return;
    }
    const others = window.projectIds.filter((id) => id !== refused);
    this.#state = splitWindow(this.#state, window, [others, [refused]]);
    this.#refuse(refused, error);
  }

  /** Goes on without a project, if that is wanted and there is another one. */
  #refuse(projectId: string, error: SourceError): void {
    const { onProjectError, projectIds } = this.#settings;
    if (onProjectError === 'stop') throw refusalOf(projectId, error);
    this.#readable.delete(projectId);
    this.#refused += 1;
    const { code, message } = error;
    emit(this.#context.observer, { type: 'project-error', projectId, code, message });
    if (this.#refused === projectIds.length) throw refusalOf(projectId, error);
  }
}

function refusedProject(window: ScanRange, error: SourceError): string | undefined {
  const [only] = window.projectIds;
  if (window.projectIds.length === 1) return only;
  const named = error.details['projectId'];
  return window.projectIds.find((id) => id === named);
}

function refusalOf(projectId: string, error: SourceError): SourceError {
  if (error.details['projectId'] === projectId) return error;
  const message = `The project ${projectId} may not be read.`;
  return new SourceError('SOURCE_FORBIDDEN', message, {
    remedy: 'Check the project id and the rights of the key.',
    details: { ...error.details, projectId },
    cause: error,
  });
}

function checkNotExpired(state: SpansState, projectId: string, expired: number): void {
  const unread = unreadSecond(state, projectId);
  if (unread !== null && unread < expired) throw expiredError(projectId, unread, expired);
}

function expiredError(projectId: string, unread: number, expired: number): SourceError {
  const from = new Date(unread * 1_000);
  const to = new Date(expired * 1_000);
  return new SourceError(
    'SOURCE_EXPIRED',
    `Rows of the project ${projectId} from ${from.toISOString()} to ${to.toISOString()} were not read, and the plan no longer keeps them.`,
    {
      remedy:
        'Call `rewind({ to })` with a time that the plan still keeps, to go on from there; of several projects, this one can also be given to an exporter of its own.',
      details: { projectId, from, to },
    },
  );
}

function noClockError(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'The answer has no usable `Date` header.', {
    remedy: 'Let what stands before the data plane, or your own `fetch`, pass it on.',
  });
}
