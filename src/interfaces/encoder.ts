import type { Awaitable, Json } from './common.js';
import type { RowBatch } from './row-batch.js';

/** Turns rows into the bytes of objects of one format. Holds no state of its own. */
export interface Encoder {
  /** Name of the format, such as `jsonl`. */
  readonly format: string;
  /** Name of the compression around the format, or `none`. */
  readonly compression: string;
  /** End of the key, with its dot, such as `.jsonl.gz`. */
  readonly extension: string;
  readonly contentType: string;
  /** What may not change within an export: part of the fingerprint. */
  readonly identity: Json;
  /** Digest of the columns, for formats that have any. Stated in every manifest. May change within an export. */
  readonly schemaId?: string | undefined;
  /** Begins one object. `origin` is for formats that have room to state it; it must not matter otherwise. */
  open(origin?: ObjectOrigin): Awaitable<ObjectEncoder>;
}

/** The commit that an object is made for. */
export interface ObjectOrigin {
  readonly exportId: string;
  readonly generation: number;
  readonly sequence: number;
}

/**
 * The bytes of one object in the making.
 *
 * Contract: the same rows in the same calls, of the same origin, give the same bytes (no clock, no randomness).
 * Calls come one at a time.
 * Returned buffers belong to the caller. After `finish` or `abort` only `abort` may be called.
 */
export interface ObjectEncoder {
  /** Rows taken so far. */
  readonly rowCount: number;
  /** Bytes held back and not yet returned; may be an estimate. For deciding when an object is full. */
  readonly pendingBytes: number;
  /**
   * Values that are of another type than their column's, and so are kept beside it. For formats with columns;
   * may lag behind the rows taken, and is final once `finish` has settled.
   */
  readonly mistypedValues?: number | undefined;
  /**
   * Takes all rows of the batch, or none: a row it cannot hold raises `EncodeError` `ROW_UNENCODABLE` with
   * `details.rowIndex` and leaves the encoder as before the call. Never coerces, never drops.
   * @returns bytes that are ready now; may be empty.
   */
  write(rows: RowBatch): Awaitable<readonly Uint8Array[]>;
  /** The last bytes. An object without rows is valid too. */
  finish(): Awaitable<readonly Uint8Array[]>;
  /**
   * Frees memory. Idempotent, never throws. May come while `write` or `finish` is under way, after an abort of the
   * run: nobody waits for their outcome any more.
   */
  abort(): void;
}
