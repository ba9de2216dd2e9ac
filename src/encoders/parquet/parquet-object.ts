import { setImmediate as nextTurn } from 'node:timers/promises';

import { EncodeError, assert } from '../../errors/index.js';
import type { ObjectEncoder, RowBatch } from '../../interfaces/index.js';
import { indexedTextOf } from '../../rows/row-batch.js';
import type { IndexedText } from '../../rows/row-batch.js';
import type { CompressPage } from './file/codec.js';
import { MAGIC, footerOf } from './file/footer.js';
import type { RowGroupFacts } from './file/footer.js';
import { FrozenSchema } from './frozen-schema.js';
import { RowGroup } from './row-group.js';
import { RowWindow } from './row-window.js';
import type { ParquetSchema } from './schema.js';

/** What input usually shrinks to, until the object itself has shown it. */
const RATIO_GUESS = 0.25;

/** How the objects of one encoder are written. */
export interface ParquetObjectOptions {
  readonly schema: ParquetSchema;
  readonly compress: CompressPage;
  /** Number of the codec in the format. */
  readonly codec: number;
  /** Whether rows are refused that columns other than `_extra` do not hold. */
  readonly isFrozen: boolean;
}

/** One Parquet file in the making. */
export class ParquetObject implements ObjectEncoder {
  readonly #options: ParquetObjectOptions;
  readonly #window: RowWindow;
  readonly #group: RowGroup;
  readonly #frozen: FrozenSchema | null;
  readonly #groups: RowGroupFacts[] = [];
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #rowCount = 0;
  /** By column. */
  readonly #mistypedCounts: number[];
  #outputBytes = 0;
  /** Of the row groups that are written. */
  #inputBytes = 0;

  constructor(options: ParquetObjectOptions) {
    this.#options = options;
    this.#window = new RowWindow(options.schema.columns);
    this.#mistypedCounts = options.schema.columns.map(() => 0);
    this.#group = new RowGroup(options.schema, options.compress);
    this.#frozen = options.isFrozen ? new FrozenSchema(options.schema) : null;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get mistypedValues(): number {
    return this.#mistypedCounts.reduce((sum, count) => sum + count, 0);
  }

  get pendingBytes(): number {
    if (this.#state !== 'open') return 0;
    const ratio = this.#inputBytes === 0 ? RATIO_GUESS : this.#outputBytes / this.#inputBytes;
    return Math.ceil(this.#group.inputBytes * Math.min(ratio, 1));
  }

  async write(rows: RowBatch): Promise<readonly Uint8Array[]> {
    this.#assertOpen('write()');
    const text = indexedText(rows);
    await this.#frozen?.check(text);
    this.#assertOpen('write()');
    try {
      const ready = await this.#take(text);
      this.#rowCount += rows.length;
      return ready;
    } catch (error) {
      // Some of the rows were taken: nothing sound can come out of this object any more.
      this.abort();
      throw error;
    } finally {
      this.#window.close();
    }
  }

  async finish(): Promise<readonly Uint8Array[]> {
    this.#assertOpen('finish()');
    const ready = this.#group.rows > 0 ? [await this.#closeGroup()] : [];
    this.#assertOpen('finish()');
    const { schema, codec } = this.#options;
    const rows = this.#groups.reduce((sum, group) => sum + group.rows, 0);
    assert(rows === this.#rowCount, 'the footer has another number of rows');
    const metadata = this.#metadata();
    const file = { columns: schema.columns, rowGroups: this.#groups, codec, metadata };
    const begin = this.#outputBytes === 0 ? [Uint8Array.from(MAGIC)] : [];
    this.#state = 'finished';
    return [...begin, ...ready, footerOf(file)];
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'aborted';
    this.#window.close();
    this.#group.clear();
  }

  async #take(text: IndexedText): Promise<readonly Uint8Array[]> {
    const ready: Uint8Array[] = [];
    this.#window.open(text);
    for (;;) {
      const bytes = this.#window.advance(this.#group.room);
      if (bytes === 0) return ready;
      await this.#group.take(this.#window, bytes);
      this.#countMistyped();
      if (this.#group.isFull) ready.push(await this.#closeGroup());
      await nextTurn();
      this.#assertOpen('a write under way');
    }
  }

  async #closeGroup(): Promise<Uint8Array> {
    const begin = this.#outputBytes === 0 ? [MAGIC] : [];
    const offset = this.#outputBytes + (begin[0]?.length ?? 0);
    this.#inputBytes += this.#group.inputBytes;
    const { pages, facts } = await this.#group.close(offset);
    this.#groups.push(facts);
    const bytes = Buffer.concat([...begin, ...pages]);
    this.#outputBytes += bytes.length;
    return bytes;
  }

  #countMistyped(): void {
    for (const { column } of this.#window.refusals) {
      this.#mistypedCounts[column] = (this.#mistypedCounts[column] ?? 0) + 1;
    }
  }

  #metadata(): Readonly<Record<string, string>> {
    const { name, id, columns } = this.#options.schema;
    const mistyped = columns.flatMap((column, index) => {
      const count = this.#mistypedCounts[index] ?? 0;
      return count === 0 ? [] : [[column.name, count] as const];
    });
    return {
      'tracehaul.schema': name,
      'tracehaul.schema_id': id,
      'tracehaul.mistyped_values': JSON.stringify(Object.fromEntries(mistyped)),
    };
  }

  #assertOpen(what: string): void {
    assert(this.#state === 'open', `${what} after the object was ${this.#state}`);
  }
}

/** Text that some other kind of batch made may be no JSON. */
function indexedText(rows: RowBatch): IndexedText {
  try {
    return indexedTextOf(rows.text());
  } catch (cause) {
    if (!(cause instanceof EncodeError) || cause.code !== 'ROW_INVALID') throw cause;
    throw new EncodeError('ROW_UNENCODABLE', cause.message, { details: cause.details, cause });
  }
}
