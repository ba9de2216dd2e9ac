/** What an export writes its bytes to. */
export interface ByteOutput {
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes what was written final, if it is all that was sent.
   * @returns the key of the object in the sink.
   */
  finish(sent: SentBytes): Promise<string | null>;
  /** Gives up what was written, so that nobody can take it for whole. Never throws. */
  discard(reason: unknown): Promise<void>;
}

/** All that an output was sent. */
export interface SentBytes {
  readonly bytes: number;
  readonly sha256: string;
}
