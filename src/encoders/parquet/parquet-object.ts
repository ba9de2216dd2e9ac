import { EncodeError, assert } from '../../errors/index.js';
import type { ObjectEncoder, ObjectOrigin, RowBatch } from '../../interfaces/index.js';
import { indexedTextOf } from '../../rows/row-batch.js';
import type { IndexedText } from '../../rows/row-batch.js';
import { VERSION } from '../../version.js';
import { MAGIC, footerOf, movedRowGroup } from './file/footer.js';
import type { RowGroupFacts } from './file/footer.js';
import { FrozenSchema } from './frozen-schema.js';
import type { EncodedRowGroup, RowGroups } from './row-groups.js';
import type { ParquetSchema } from './schema.js';

/** What input usually shrinks to, until the object itself has shown it. */
const RATIO_GUESS = 0.25;

/** How the objects of one encoder are written. */
export interface ParquetObjectOptions {
  readonly schema: ParquetSchema;
  /** Makes the row groups of this object. */
  readonly rowGroups: RowGroups;
  /** Number of the codec in the format. */
  readonly codec: number;
  /** Whether rows are refused that columns other than `_extra` do not hold. */
  readonly isFrozen: boolean;
  /** What the footer names as its origin. */
  readonly origin: ObjectOrigin | undefined;
}

/** One Parquet file in the making. */
export class ParquetObject implements ObjectEncoder {
  readonly #options: ParquetObjectOptions;
  readonly #rowGroups: RowGroups;
  readonly #frozen: FrozenSchema | null;
  /** Of the row groups that were given out. */
  readonly #facts: RowGroupFacts[] = [];
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #rowCount = 0;
  /** By column, in the row groups that were given out. */
  readonly #mistypedCounts: number[];
  #outputBytes = 0;
  /** Of the row groups that were given out. */
  #inputBytes = 0;

  constructor(options: ParquetObjectOptions) {
    this.#options = options;
    this.#rowGroups = options.rowGroups;
    this.#mistypedCounts = options.schema.columns.map(() => 0);
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
    return Math.ceil(this.#rowGroups.pendingInputBytes * Math.min(ratio, 1));
  }

  async write(rows: RowBatch): Promise<readonly Uint8Array[]> {
    this.#assertOpen('write()');
    const text = indexedText(rows);
    await this.#frozen?.check(text);
    this.#assertOpen('write()');
    const ready = await this.#orAbort(this.#rowGroups.take(text));
    this.#assertOpen('a write under way');
    this.#rowCount += rows.length;
    return this.#place(ready);
  }

  async finish(): Promise<readonly Uint8Array[]> {
    this.#assertOpen('finish()');
    const ready = this.#place(await this.#orAbort(this.#rowGroups.finish()));
    this.#assertOpen('finish()');
    const { schema, codec } = this.#options;
    const rows = this.#facts.reduce((sum, group) => sum + group.rows, 0);
    assert(rows === this.#rowCount, 'the footer has another number of rows');
    const metadata = this.#metadata();
    const file = { columns: schema.columns, rowGroups: this.#facts, codec, metadata };
    const begin = this.#facts.length === 0 ? [Uint8Array.from(MAGIC)] : [];
    this.#state = 'finished';
    return [...begin, ...ready, footerOf(file)];
  }

  abort(): void {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#rowGroups.abort();
  }

  /** When rows were taken in part, or lost, nothing sound can come out of this object any more. */
  async #orAbort<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Gives row groups their places in the file. */
  #place(groups: readonly EncodedRowGroup[]): readonly Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (const { bytes, facts, inputBytes, mistypedCounts } of groups) {
      if (this.#outputBytes === 0) this.#emit(Uint8Array.from(MAGIC), chunks);
      this.#facts.push(movedRowGroup(facts, this.#outputBytes));
      this.#emit(bytes, chunks);
      this.#inputBytes += inputBytes;
      for (const [column, count] of mistypedCounts.entries()) {
        this.#mistypedCounts[column] = (this.#mistypedCounts[column] ?? 0) + count;
      }
    }
    return chunks;
  }

  #emit(bytes: Uint8Array, chunks: Uint8Array[]): void {
    chunks.push(bytes);
    this.#outputBytes += bytes.length;
  }

  #metadata(): Readonly<Record<string, string>> {
    const { schema, origin } = this.#options;
    const mistyped = schema.columns.flatMap((column, index) => {
      const count = this.#mistypedCounts[index] ?? 0;
      return count === 0 ? [] : [[column.name, count] as const];
    });
    return {
      'tracehaul.version': VERSION,
      ...(origin && {
        'tracehaul.export_id': origin.exportId,
        'tracehaul.generation': String(origin.generation),
        'tracehaul.sequence': String(origin.sequence),
      }),
      'tracehaul.schema': schema.name,
      'tracehaul.schema_id': schema.id,
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
