import { isExportError } from '../../errors/index.js';
import type { SourceError } from '../../errors/index.js';
import type { Cursor, OperationOptions, Page } from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import { PageSize } from '../query/page-size.js';
import { xactIdAt } from '../query/xact.js';
import { emptyQuery } from './records-query.js';
import type { ScanRange } from './records-query.js';
import { passedSecond, unreadSecond, watermarkOf } from './records-bounds.js';
import { decodeCursor, encodeCursor } from './records-cursor.js';
import type { FoundObjects } from './object-scope.js';
import {
  refusedObject,
  refusalEvent,
  refusalOf,
  expiredError,
  noClockError,
} from './records-failures.js';
import type { RecordsSettings } from './records-settings.js';
import {
  EMPTY_STATE,
  finished,
  newFrom,
  nextWindow,
  splitWindow,
  withOthersSetAside,
  withObjects,
  withWindow,
  withoutUnread,
} from './records-state.js';
import type { RecordsState } from './records-state.js';
import { scanWindow } from './window-scan.js';
import type { ScanContext, ScannedPage } from './window-scan.js';

/** The most that the service takes as `limit`. */
const LIMIT_MAX = 1_000;
/** A first read begins this much inside of the plan's window: what is at its edge vanishes while it is read. */
const RETENTION_MARGIN_SECONDS = 300;

export interface RecordsReadOptions extends OperationOptions {
  readonly settings: Readonly<RecordsSettings>;
  /** What the settings' scope has found; `undefined` without one. */
  readonly found?: FoundObjects | undefined;
  readonly cursor: Cursor | null;
  readonly pageSize: number;
}

/** One read: from a cursor to where the plane's clock, less the settle delay, stood at its beginning. */
export class RecordsRead {
  readonly #settings: Readonly<RecordsSettings>;
  readonly #context: ScanContext;
  readonly #objectIds: readonly string[];
  readonly #foundAt: Date | null;
  /** Objects still to be read; those that were refused or are behind are taken out. */
  readonly #readable: Set<string>;
  /** Objects that no cursor knew before this read. */
  #begun: ReadonlySet<string> = new Set();
  #state: RecordsState;
  #refused = 0;
  #behind: SourceError | undefined;

  constructor({ settings, found, cursor, pageSize, signal, observer }: RecordsReadOptions) {
    this.#settings = settings;
    this.#objectIds = found?.objectIds ?? settings.objectIds;
    this.#foundAt = found?.planeNow ?? null;
    this.#readable = new Set(this.#objectIds);
    this.#state = withOthersSetAside(this.#stateAt(cursor, found), this.#readable);
    this.#context = {
      client: settings.client,
      choice: settings,
      parameters: settings.parameters,
      pageSize: new PageSize(Math.min(LIMIT_MAX, pageSize)),
      oneSortField: false,
      checkClock: (planeNow, range) => this.#checkStillKept(planeNow, range),
      signal,
      observer,
    };
  }

  #stateAt(cursor: Cursor | null, found: FoundObjects | undefined): RecordsState {
    if (cursor === null) return { ...EMPTY_STATE, pins: found?.pins ?? EMPTY_STATE.pins };
    const state = decodeCursor(this.#settings.cursorFormat, cursor, this.#objectIds);
    if (found === undefined) return state;
    // Where more is asked for than before, it is not known any more that all of it was read.
    const isWider = [...found.pins.keys()].some((name) => !state.pins.has(name));
    return { ...state, pins: found.pins, floor: isWider ? 0 : state.floor };
  }

  async *pages(): AsyncGenerator<Page> {
    if (!this.#isOpen && this.#isAtUntil()) return;
    const target = this.#begin(this.#secondsFound() ?? (await this.#askClock()));
    const { lookbackSeconds, objectsPerQuery } = this.#settings;
    for (;;) {
      const plan = { objectIds: this.#readable, target, lookbackSeconds, objectsPerQuery };
      const next = nextWindow(this.#state, plan);
      if (next === null) break;
      this.#state = next.state;
      yield* this.#readWindow(next.window);
    }
    if (this.#behind !== undefined) throw this.#behind;
    if (this.#isOpen && this.#refused === 0 && this.#state.floor < target) {
      this.#state = { ...this.#state, floor: target };
      yield this.#endPage();
    }
  }

  get #isOpen(): boolean {
    return this.#settings.scope?.open === true;
  }

  #secondsFound(): number | null {
    return this.#foundAt === null ? null : this.#foundAt.getTime() / 1_000;
  }

  #isAtUntil(): boolean {
    const { until } = this.#settings;
    const open = this.#state.windows.flatMap((window) => window.objectIds);
    return this.#objectIds.every(
      (id) => !open.includes(id) && (this.#state.objects.get(id)?.end ?? -1) >= until,
    );
  }

  /** The plane's clock in seconds, as told to the first object that may be read. */
  async #askClock(): Promise<number> {
    const { client, kind } = this.#settings;
    const { signal, observer } = this.#context;
    for (const objectId of this.#objectIds) {
      try {
        const { planeNow } = await client.query(emptyQuery(kind, objectId), { signal, observer });
        if (planeNow === null) throw noClockError();
        return planeNow.getTime() / 1_000;
      } catch (error) {
        if (!isExportError(error, 'SOURCE_FORBIDDEN')) throw error;
        this.#refuse(objectId, error);
      }
    }
    throw noClockError();
  }

  /** Begins with objects that are new; answers how far to read, in seconds. */
  #begin(now: number): number {
    const { from, until, settleMs, retentionSeconds } = this.#settings;
    const objectIds = this.#objectIds;
    const expired = retentionSeconds === undefined ? 0 : Math.ceil(now - retentionSeconds);
    for (const id of this.#readable) this.#checkNotExpired(id, expired);
    this.#begun = new Set(objectIds.filter((id) => !this.#state.objects.has(id)));
    const inside = expired > 0 ? expired + RETENTION_MARGIN_SECONDS : 0;
    this.#state = withObjects(this.#state, objectIds, Math.max(from, inside, this.#state.since));
    return Math.min(until, Math.max(0, Math.floor(now - settleMs / 1_000)));
  }

  async *#readWindow(opened: ScanRange): AsyncGenerator<Page> {
    const { scan = scanWindow } = this.#settings;
    let window = opened;
    try {
      for await (const scanned of scan(this.#context, opened)) {
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
    before: { readonly state: RecordsState; readonly window: ScanRange },
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

  /** An object of which nothing was read stays out: what the plan keeps of it is judged anew when it is read. */
  #cursorOf(state: RecordsState): Cursor {
    return encodeCursor(this.#settings.cursorFormat, withoutUnread(state, this.#begun));
  }

  /** The second to which the export was rewound, if nothing was read since: the cursor then names no object. */
  get #rewoundTo(): number | null {
    const { since, objects } = this.#state;
    return since > 0 && objects.size === 0 ? since : null;
  }

  #checkNotExpired(objectId: string, expired: number): void {
    const unread = unreadSecond(this.#state, objectId) ?? this.#rewoundTo;
    if (unread !== null && unread < expired)
      throw expiredError(this.#settings.kind, { objectId, unread, expired });
  }

  /** While a window is read the plan's edge moves on; behind it rows vanish from the answers. */
  #checkStillKept(planeNow: Date | null, range: ScanRange): void {
    const { retentionSeconds } = this.#settings;
    const wasKnown = range.objectIds.some((id) => !this.#begun.has(id));
    if (retentionSeconds === undefined || planeNow === null || (range.after === null && !wasKnown))
      return;
    const unread = Math.max(newFrom(this.#state, range), passedSecond(range));
    const expired = Math.ceil(planeNow.getTime() / 1_000 - retentionSeconds);
    if (unread < expired)
      throw expiredError(this.#settings.kind, {
        objectId: range.objectIds[0] ?? '',
        unread,
        expired,
      });
  }

  /** A page without rows that says: this window is read to its end. */
  #endPage(): Page {
    return { rows: [], cursor: this.#cursorOf(this.#state), watermark: this.#watermark() };
  }

  #watermark(): Date | undefined {
    return watermarkOf(this.#state, this.#isOpen ? null : this.#objectIds) ?? undefined;
  }

  /** Leaves a window as far as it was read, when the others can still be read; else throws. */
  #leave(window: ScanRange, error: unknown): void {
    if (isExportError(error, 'SOURCE_BEHIND')) {
      this.#behind ??= error;
      for (const id of window.objectIds) this.#readable.delete(id);
      return;
    }
    if (!isExportError(error, 'SOURCE_FORBIDDEN')) throw error;
    const refused = refusedObject(this.#settings.kind, window, error);
    if (refused === undefined) {
      // The service does not say which one: each is asked alone.
      const alone = window.objectIds.map((id) => [id]);
      this.#state = splitWindow(this.#state, window, alone);
      return;
    }
    const others = window.objectIds.filter((id) => id !== refused);
    this.#state = splitWindow(this.#state, window, [others, [refused]]);
    this.#refuse(refused, error);
  }

  /** Goes on without an object, if that is wanted and there is another one. */
  #refuse(objectId: string, error: SourceError): void {
    const { onObjectError, kind } = this.#settings;
    const refusal = refusalOf(kind, objectId, error);
    if (onObjectError === 'stop') throw refusal;
    this.#readable.delete(objectId);
    this.#refused += 1;
    emit(this.#context.observer, refusalEvent(kind, objectId, error));
    if (this.#refused === this.#objectIds.length) throw refusal;
  }
}
