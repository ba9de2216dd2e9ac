import type {
  CursorStore,
  Encoder,
  KeyStrategy,
  Observer,
  Runtime,
  Sink,
  Source,
} from '../interfaces/index.js';
import type { AttachmentSettings } from './attachments/attachment-options.js';
import type { Fingerprint } from './checkpoint.js';
import type { Transform } from './page-work.js';

/** How an export treats a row that cannot be exported. */
export type BadRowPolicy = 'stop' | 'dead-letter';

/** What a dead letter holds of its row. */
export type DeadLetterRows = 'source' | 'identity';

/** Bounds of one export; all validated, all with a value. */
export interface Limits {
  /**
   * How long a run that died keeps others out, in milliseconds.
   * @defaultValue 60000
   */
  readonly leaseMs: number;
  /**
   * How often a running export renews its lease, in milliseconds: half of `leaseMs` at most.
   * @defaultValue a third of `leaseMs`
   */
  readonly leaseRenewMs: number;
  /** Most source rows in one commit: 16 bytes of memory each. */
  readonly commitMaxRows: number;
  /** Most rows of earlier commits that a lookback is compared with: 32 bytes of memory each. */
  readonly lookbackMaxRows: number;
  /** Most time for giving back the lease and writing the history when a run ends, in milliseconds. */
  readonly closeTimeoutMs: number;
}

/** Everything an exporter is made of, validated and frozen. */
export interface ExporterSettings {
  readonly exportId: string;
  readonly source: Source;
  readonly encoder: Encoder;
  readonly sink: Sink;
  readonly keys: KeyStrategy;
  readonly store: CursorStore;
  readonly fingerprint: Fingerprint;
  readonly pageSize: number;
  readonly maxRowsPerRun: number;
  readonly objectMaxBytes: number;
  readonly objectMaxRows: number;
  readonly onBadRow: BadRowPolicy;
  readonly deadLetterRows: DeadLetterRows;
  readonly transform: Transform | undefined;
  readonly attachments: AttachmentSettings | undefined;
  readonly observer: Observer | undefined;
  readonly limits: Limits;
  readonly runtime: Runtime;
  /** Tells this exporter's leases from those of others. */
  readonly holder: string;
}
