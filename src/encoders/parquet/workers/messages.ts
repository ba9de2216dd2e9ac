import type { ParquetCompression } from '../file/codec.js';
import type { EncodedRowGroup } from '../row-groups.js';
import type { ParquetSchema } from '../schema.js';
import type { GroupBuffers } from './group-text.js';

/** Tells workers of this library from others that load its code. */
export const PARQUET_WORKER = 'tracehaul/parquet-worker';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly kind: typeof PARQUET_WORKER;
  /** Of the library. A worker of another one might encode otherwise. */
  readonly version: string;
  readonly schema: ParquetSchema;
  readonly compression: ParquetCompression;
  readonly level: number;
}

/** The rows of one row group, on their way to a worker. */
export interface GroupMessage {
  readonly buffers: GroupBuffers;
  readonly rows: number;
}

/** What a worker answers to one message. */
export type WorkerAnswer =
  | {
      readonly type: 'row-group';
      readonly group: EncodedRowGroup;
      /** Those of the message, to be filled again. */
      readonly buffers: GroupBuffers;
    }
  | {
      readonly type: 'failure';
      /** What is wrong, when it is safe to show. */
      readonly reason: string | null;
      readonly error: unknown;
    };
