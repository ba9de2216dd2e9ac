import { SourceError, assert } from '../../errors/index.js';
import type {
  Cursor,
  Json,
  Page,
  ReadOptions,
  Row,
  RowBatch,
  RowIdentity,
  Source,
} from '../../interfaces/index.js';
import { rowBatchFromObjects } from '../../rows/row-batch.js';

/** One page of a script. */
export interface ScriptedPage {
  /** Plain objects, or rows as text. */
  readonly rows: RowBatch | readonly Row[];
  /** How many rows at its start were in a range that was read before. Needs a `repeatsFrom` in force. */
  readonly repeats?: number | undefined;
  readonly watermark?: Date | undefined;
  /** What `repeatsFrom(cursor)` answers from the end of this page on, until a later page says otherwise. */
  readonly repeatsFrom?: string | undefined;
}

/** A page, or an error that is thrown the first time it is reached, and skipped from then on. */
export type ScriptStep = ScriptedPage | Error;

export interface ScriptedSourceOptions {
  /** @defaultValue 'scripted' */
  readonly name?: string | undefined;
  /** @defaultValue null */
  readonly identity?: Json | undefined;
  /** @defaultValue the fields of a span: project_id, id, _xact_id, created */
  readonly rowIdentity?: RowIdentity | undefined;
  readonly retentionMs?: number | undefined;
  /**
   * Whether pages have `cursorAfter`.
   * @defaultValue true
   */
  readonly cursorsWithinPages?: boolean | undefined;
  /**
   * What `repeatsFrom(cursor)` answers until a page says otherwise.
   * @defaultValue null: nothing is repeated
   */
  readonly repeatsFrom?: string | undefined;
}

/** A source that gives what it was told, for tests of what reads sources. */
export interface ScriptedSource extends Source {
  /** Adds steps at the end: what happened at the source since. */
  append(...steps: readonly ScriptStep[]): void;
  /** Pages given so far, over all reads. */
  readonly pagesGiven: number;
  /** Reads begun and neither ended nor returned. */
  readonly openReads: number;
  cursorAt(date: Date): Cursor;
  repeatsFrom(cursor: Cursor): string | null;
  watermarkOf(cursor: Cursor): Date | null;
}

const SPAN_IDENTITY: RowIdentity = Object.freeze({
  object: 'project_id',
  id: 'id',
  version: '_xact_id',
  created: 'created',
});
const CURSOR = /^scripted:1:(\d+)\.(\d+)$/;

/** Everything before row `row` of step `step` was given. */
interface Place {
  readonly step: number;
  readonly row: number;
}

class Script implements ScriptedSource {
  readonly name: string;
  readonly identity: Json;
  readonly rowIdentity: RowIdentity;
  readonly retentionMs: number | undefined;
  readonly #steps: (Error | (ScriptedPage & { readonly rows: RowBatch }))[] = [];
  readonly #thrown = new Set<number>();
  readonly #cursorsWithinPages: boolean;
  readonly #repeatsFrom: string | null;
  pagesGiven = 0;
  openReads = 0;

  constructor(steps: readonly ScriptStep[], options: ScriptedSourceOptions) {
    this.name = options.name ?? 'scripted';
    this.identity = options.identity ?? null;
    this.rowIdentity = options.rowIdentity ?? SPAN_IDENTITY;
    this.retentionMs = options.retentionMs;
    this.#cursorsWithinPages = options.cursorsWithinPages ?? true;
    this.#repeatsFrom = options.repeatsFrom ?? null;
    this.append(...steps);
  }

  append(...steps: readonly ScriptStep[]): void {
    for (const step of steps) {
      if (step instanceof Error) this.#steps.push(step);
      else this.#steps.push({ ...step, rows: batchOf(step.rows) });
    }
  }

  async *read({ cursor, pageSize, signal }: ReadOptions): AsyncGenerator<Page> {
    let place = cursor === null ? { step: 0, row: 0 } : this.#placeOf(cursor);
    this.openReads += 1;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const step = this.#steps[place.step];
        if (step === undefined) return;
        if (step instanceof Error) this.#throwOnce(place.step, step);
        else yield this.#pageFrom(place, pageSize);
        place = this.#placeAfter(place, pageSize);
      }
    } finally {
      this.openReads -= 1;
    }
  }

  cursorAt(date: Date): Cursor {
    const field = this.rowIdentity.created;
    assert(field !== null, 'cursorAt needs a field that holds the creation time');
    for (const [index, step] of this.#steps.entries()) {
      if (step instanceof Error) continue;
      const times = step.rows.fields([field])[field] ?? [];
      const row = times.findIndex((time) => Date.parse(time ?? '') >= date.getTime());
      if (row !== -1) return cursorOf({ step: index, row });
    }
    return cursorOf({ step: this.#steps.length, row: 0 });
  }

  repeatsFrom(cursor: Cursor): string | null {
    const passed = this.#passedPages(cursor);
    return passed.findLast((page) => page.repeatsFrom)?.repeatsFrom ?? this.#repeatsFrom;
  }

  watermarkOf(cursor: Cursor): Date | null {
    return this.#passedPages(cursor).findLast((page) => page.watermark)?.watermark ?? null;
  }

  #passedPages(cursor: Cursor): readonly ScriptedPage[] {
    const passed = this.#steps.slice(0, this.#placeOf(cursor).step);
    return passed.filter((step): step is ScriptedPage & { rows: RowBatch } => 'rows' in step);
  }

  #throwOnce(index: number, error: Error): void {
    if (this.#thrown.has(index)) return;
    this.#thrown.add(index);
    throw error;
  }

  #pageFrom(from: Place, pageSize: number): Page {
    const step = this.#steps[from.step];
    assert(step !== undefined && !(step instanceof Error), 'there is no page here');
    const rows = step.rows.slice(from.row, Math.min(step.rows.length, from.row + pageSize));
    const repeats = Math.min(rows.length, Math.max(0, (step.repeats ?? 0) - from.row));
    const cursor = cursorOf(this.#placeAfter(from, pageSize));
    assert(repeats === 0 || this.repeatsFrom(cursorOf(from)) !== null, 'repeats need repeatsFrom');
    this.pagesGiven += 1;
    return {
      rows,
      cursor,
      repeats,
      watermark: from.row + rows.length === step.rows.length ? step.watermark : undefined,
      cursorAfter: this.#cursorsWithinPages
        ? (index) => cursorOf(this.#placeAfter(from, index + 1))
        : undefined,
    };
  }

  #placeAfter(from: Place, rows: number): Place {
    const step = this.#steps[from.step];
    const more = step !== undefined && 'rows' in step && from.row + rows < step.rows.length;
    return more ? { step: from.step, row: from.row + rows } : { step: from.step + 1, row: 0 };
  }

  #placeOf(cursor: Cursor): Place {
    const match = CURSOR.exec(cursor);
    const place = { step: Number(match?.[1]), row: Number(match?.[2]) };
    if (match !== null && place.step <= this.#steps.length) return place;
    throw new SourceError('SOURCE_CURSOR_INVALID', 'The cursor is not one of this script.', {
      remedy: 'Hand in a cursor that this source gave.',
    });
  }
}

function cursorOf({ step, row }: Place): Cursor {
  return `scripted:1:${step}.${row}`;
}

function batchOf(rows: RowBatch | readonly Row[]): RowBatch {
  return 'byteLength' in rows ? rows : rowBatchFromObjects(rows);
}

/**
 * A source that gives the listed pages in order, throws the listed errors between them once each, and then
 * is caught up. A page with more rows than asked for is given in pieces. Time of writing is the `created`
 * field. Deterministic; an abort between pages rejects with `signal.reason`.
 */
export function scriptedSource(
  steps: readonly ScriptStep[],
  options: ScriptedSourceOptions = {},
): ScriptedSource {
  return new Script(steps, options);
}
