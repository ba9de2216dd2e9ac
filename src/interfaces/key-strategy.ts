import type { Json } from './common.js';
import type { FieldValue } from './row-batch.js';

/** The values that choose the folder, by name, in the order of the folders. */
export type Partition = Readonly<Record<string, string>>;

/** Everything that a key is made of. All of it is stored with the commit: a replay has the same key. */
export interface KeyParts {
  readonly exportId: string;
  readonly generation: number;
  readonly sequence: number;
  /** Random token of the commit, 16 lower-case hexadecimal digits. */
  readonly nonce: string;
  readonly partition: Partition;
  readonly runStartedAt: Date;
  /** With its dot. */
  readonly extension: string;
}

/** The row fields that `partition` asked for, and when the run began. */
export interface PartitionInput {
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly runStartedAt: Date;
}

/**
 * Decides under which key an object goes. Pure: no clock, no randomness, no I/O.
 *
 * Contract:
 * - `partition` sees `fields` only, and returns equal partitions for equal input. A row that cannot be
 *   placed raises `EncodeError` `ROW_UNPLACEABLE`.
 * - `key` gives different keys for different (generation, sequence, nonce, partition), valid for every sink:
 *   segments divided by `/`, none empty, `.` or `..`, the first not beginning with `_`. The file name is
 *   `{exportId}.….{nonce}{extension}` with anything between: stores find what a dead process left by it.
 */
export interface KeyStrategy {
  /** Top-level scalar fields that `partition` needs. Empty when all rows of a run go to one partition. */
  readonly fields: readonly string[];
  /** Part of the fingerprint. */
  readonly identity: Json;
  /** Most partitions written at a time; at the cap the commit closes and the next begins. At most 28. */
  readonly maxOpenPartitions: number;
  partition(input: PartitionInput): Partition;
  key(parts: KeyParts): string;
}
