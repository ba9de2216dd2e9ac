import type { OperationOptions } from '../../interfaces/index.js';

/** Ids by the name that stood for them. */
export type Pins = ReadonlyMap<string, string>;

/** The objects that one read is about. */
export interface FoundObjects {
  /** Ascending, without duplicates. */
  readonly objectIds: readonly string[];
  /** What the cursors of this read keep of the names. */
  readonly pins: Pins;
  /** The plane's clock when the objects were looked for: whatever came later has only later rows. */
  readonly planeNow: Date | null;
}

/** Which objects a source reads, where that is not given by their ids: each read finds them anew. */
export interface ObjectScope {
  /** Whether objects may come and go between reads by themselves. */
  readonly open: boolean;
  /** The objects that names stand for in a cursor; a name that was never met stands for itself. Not asked if `open`. */
  idsOf(pins: Pins): readonly string[];
  /**
   * Looks the objects up.
   * @param pins those of the cursor that the read begins with.
   * @throws SourceError `SOURCE_FORBIDDEN` when one is not found, `SOURCE_RENAMED` when a name stands for another
   *   object than it did, `LIMIT_EXCEEDED`.
   */
  find(pins: Pins, operation: OperationOptions): Promise<FoundObjects>;
}
