import type { Json, OperationOptions, ProbeStep } from './common.js';

/** What is known of an object before its first byte. */
export interface ObjectHead {
  /**
   * Key below the sink's root: segments divided by `/`, no empty, `.` or `..` segment. Its file name begins with the
   * export id and a dot and holds the nonce between dots; or it is `_folder/{exportId}/…` with the nonce in the file
   * name. A sink may refuse others (`KEY_INVALID`).
   */
  readonly key: string;
  readonly contentType: string;
  /** The export that writes it. Strays are found by it. */
  readonly exportId: string;
  readonly generation: number;
  /** Random token of the commit, 16 lower-case hexadecimal digits. Tells our object from a stranger's. */
  readonly nonce: string;
  /** Size that the object should stay below, in bytes. Lets the sink choose a part size. */
  readonly maxBytes: number;
}

/** A finished object that nobody can see yet. JSON: it goes into the checkpoint and survives the process. */
export interface PreparedObject {
  readonly key: string;
  readonly bytes: number;
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /**
   * What `head` will tell of the content, when the sink knows it beforehand: items `name:value` divided by single
   * spaces, the best first, at most 200 characters. Of two checksums the first name that both have decides, so that
   * an item is left out where it says nothing. @defaultValue nothing is known
   */
  readonly checksum?: string | undefined;
  /** What the sink needs to commit from any process. At most 2 KiB of JSON per 8 GiB. */
  readonly token: Json;
}

/** An object that is visible. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /**
   * What the store tells of the content without reading it, in the form of `PreparedObject.checksum`; `undefined`
   * when it tells nothing, and in listings. As long as the object is what was prepared, no item differs from one of
   * the same name there; it may lack some.
   */
  readonly checksum?: string | undefined;
}

/** Data that was written, belongs to an export id and is not visible. */
export interface Stray {
  /** Opaque to all but the sink. */
  readonly id: string;
  readonly nonce: string;
}

/**
 * `committed`: visible, whole, final. `unresolved`: neither the object nor what could become it is there;
 * a completion by somebody else may still be under way, so the caller asks again before it gives up.
 */
export type CommitOutcome = 'committed' | 'unresolved';

export interface ObjectWriter {
  /** Bytes written so far. */
  readonly bytes: number;
  /** Takes the buffer; it must not be changed afterwards. Resolves when more may be sent. */
  write(bytes: Uint8Array, options?: OperationOptions): Promise<void>;
  /** Makes what was written durable but not visible. Afterwards only `abort` may be called. */
  prepare(options?: OperationOptions): Promise<PreparedObject>;
  /**
   * Removes what was written, prepared or not. Idempotent; never touches a visible object.
   * Never called by the exporter once a checkpoint naming the prepared object was sent.
   */
  abort(): Promise<void>;
}

/**
 * Where objects go, in two phases: prepare (durable, invisible), then commit (visible at once and whole).
 *
 * Contract:
 * - Nothing of an object is visible before `commit`; everything is after it. A visible object never changes.
 * - `commit` is idempotent and works from the JSON of a prepared object, in any process, any time later.
 *   It never replaces a stranger's object of the same key: `OBJECT_EXISTS`.
 * - A failure of `commit` says nothing about the outcome; calling it again settles it.
 * - A checksum that `prepare` tells is told again by `head`, from any process, or none is; other content has another.
 * - `list` gives visible objects only, in ascending order of the keys' UTF-8 bytes, a prefix is exact text.
 * - Errors are `SinkError`s: `SINK_UNAVAILABLE` (retryable), `SINK_UNAUTHORIZED`, `SINK_FULL`, `OBJECT_EXISTS`,
 *   `OBJECT_CORRUPT`, `KEY_INVALID`. An abort rejects with `signal.reason`.
 */
export interface Sink {
  /** Stable name in kebab case. */
  readonly name: string;
  /** Identity of the destination: part of the export's fingerprint. Holds no secret. */
  readonly location: string;
  /**
   * How long a completion begun by somebody else can leave an object undecided, in milliseconds. For so long
   * `unresolved` is asked again before it is believed.
   * @defaultValue 0
   */
  readonly settleMs?: number | undefined;
  open(head: ObjectHead, options?: OperationOptions): Promise<ObjectWriter>;
  commit(prepared: PreparedObject, options?: OperationOptions): Promise<CommitOutcome>;
  /**
   * Puts a small object in one step, create-only and whole.
   * @returns `created`, or `exists` when an object of equal bytes is there already. Other bytes: `OBJECT_EXISTS`.
   */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<'created' | 'exists'>;
  /** The content as a stream of buffers, or `null` when there is no such object. */
  get(key: string, options?: OperationOptions): Promise<AsyncIterable<Uint8Array> | null>;
  head(key: string, options?: OperationOptions): Promise<ObjectInfo | null>;
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** Removes a visible object. One that is not there is no error. */
  remove(key: string, options?: OperationOptions): Promise<void>;
  /** Invisible data of exactly this export id, all generations. */
  strays(exportId: string, options?: OperationOptions): AsyncIterable<Stray>;
  /** Removes one stray. One that is gone, or visible by now, is no error and nothing happens. */
  discard(exportId: string, stray: Stray, options?: OperationOptions): Promise<void>;
  /** Steps of `test()` beyond writing a small object, which the exporter does. */
  probe?(options?: OperationOptions): AsyncIterable<ProbeStep>;
}

export interface PutOptions extends OperationOptions {
  readonly contentType?: string | undefined;
}

export interface ListOptions extends OperationOptions {
  /** Only keys after this one. */
  readonly after?: string | undefined;
}
