import {
  type AttachmentsOptions,
  readAttachments,
} from './exporter/attachments/attachment-options.js';
import type { Fingerprint } from './exporter/checkpoint.js';
import { type Exporter, exporterOf } from './exporter/exporter.js';
import type { Transform } from './exporter/page-work.js';
import type {
  BadRowPolicy,
  DeadLetterRows,
  ExporterSettings,
  Limits,
} from './exporter/settings.js';
import type {
  CursorStore,
  Encoder,
  KeyStrategy,
  Observer,
  Runtime,
  Sink,
  Source,
} from './interfaces/index.js';
import { readLeaseLimits } from './leases/lease-options.js';
import { type OptionReader, readOptions } from './options/index.js';
import { readId } from './options/read-id.js';
import { isRedactor } from './redact/redact.js';
import { plainJson } from './util/plain-json.js';
import { systemRuntime } from './util/runtime.js';

const OBJECT_MAX_BYTES = 128 * 1024 * 1024;
const OBJECT_MAX_ROWS = 1_000_000;
const PAGE_SIZE = 1_000;
const OPEN_PARTITIONS_MAX = 28;

/** Options of {@link createExporter}. */
export interface ExporterOptions {
  /**
   * Name of the export: of its checkpoint, its manifests and its objects. Letters, digits, `_` and `-`, 64 at
   * most. Two exporters with one id and one cursor store are two workers of one export.
   */
  readonly id: string;
  readonly source: Source;
  readonly encoder: Encoder;
  readonly sink: Sink;
  readonly keys: KeyStrategy;
  readonly cursorStore: CursorStore;
  /**
   * Most rows asked of the source at a time.
   * @defaultValue 1000
   */
  readonly pageSize?: number | undefined;
  /**
   * Most rows that one run exports.
   * @defaultValue no limit
   */
  readonly maxRowsPerRun?: number | undefined;
  /** When an object is full. */
  readonly object?: ObjectOptions | undefined;
  /**
   * What becomes of a row without id or version, one that `transform` throws at, or that cannot be placed or
   * encoded. `stop`: the rows before it are committed, then the run throws. `dead-letter`: it goes to
   * `_rejected/` with its reason, in the same commit.
   * @defaultValue 'stop'
   */
  readonly onBadRow?: BadRowPolicy | undefined;
  /**
   * What a dead letter holds of its row: `source`, all that the source gave, not transformed; or `identity`, the
   * fields that name it, which is enough to read it again.
   * @defaultValue 'source'; 'identity' when `transform` comes from `redact`
   */
  readonly deadLetterRows?: DeadLetterRows | undefined;
  /** Changes rows on their way: gives the new row, several, or `null` to drop it. Rows are parsed only if given. */
  readonly transform?: Transform | undefined;
  /** Copies the files that rows name beside the export. They are left where they are if this is not given. */
  readonly attachments?: AttachmentsOptions | undefined;
  /** Receives typed events. */
  readonly observer?: Observer | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Time and randomness, for tests. */
  readonly runtime?: Runtime | undefined;
}

/** When an object is full. */
export interface ObjectOptions {
  /**
   * Size at which an object is closed, in bytes as stored. It may be passed by one page.
   * @defaultValue 134217728 (128 MiB)
   */
  readonly maxBytes?: number | undefined;
  /**
   * Most rows in an object.
   * @defaultValue 1000000
   */
  readonly maxRows?: number | undefined;
}

/**
 * Composes an exporter. Checks all options at once and touches nothing: the first I/O is that of `run()`.
 * @throws ConfigurationError `OPTION_INVALID` naming every problem.
 */
export function createExporter(options: ExporterOptions): Exporter {
  const settings = readOptions('createExporter', options, readSettings);
  return exporterOf(settings);
}

function readSettings(reader: OptionReader): ExporterSettings {
  const runtime = reader.adapter<Runtime>(
    'runtime',
    ['now', 'sleep', 'random', 'id'],
    systemRuntime,
  );
  const exportId = readId(reader, 'id');
  const source = reader.adapter<Source>('source', ['name', 'identity', 'rowIdentity', 'read']);
  const encoder = reader.adapter<Encoder>('encoder', ['format', 'extension', 'identity', 'open']);
  const sink = reader.adapter<Sink>('sink', [
    'location',
    'open',
    'commit',
    'put',
    'get',
    'head',
    'list',
    'remove',
    'strays',
    'discard',
  ]);
  const keys = reader.adapter<KeyStrategy>('keys', [
    'fields',
    'identity',
    'maxOpenPartitions',
    'partition',
    'key',
  ]);
  const { maxOpenPartitions } = keys;
  const isUsable = Number.isInteger(maxOpenPartitions) && maxOpenPartitions >= 1;
  if (reader.has('keys') && (!isUsable || maxOpenPartitions > OPEN_PARTITIONS_MAX))
    reader.problem('keys', `must open 1 to ${OPEN_PARTITIONS_MAX} partitions`);
  const object = reader.group('object', (group) => ({
    maxBytes: group.number('maxBytes', OBJECT_MAX_BYTES, { min: 1 }),
    maxRows: group.number('maxRows', OBJECT_MAX_ROWS, { min: 1 }),
  }));
  return {
    exportId,
    source,
    encoder,
    sink,
    keys,
    store: reader.adapter<CursorStore>('cursorStore', ['name', 'load', 'save', 'list', 'delete']),
    fingerprint: fingerprintOf(source, encoder, { sink, keys }),
    pageSize: reader.number('pageSize', PAGE_SIZE, { min: 1, max: 100_000 }),
    maxRowsPerRun: reader.number('maxRowsPerRun', Infinity, { min: 1 }),
    objectMaxBytes: object.maxBytes,
    objectMaxRows: object.maxRows,
    onBadRow: reader.oneOf<BadRowPolicy>('onBadRow', ['stop', 'dead-letter'], 'stop'),
    deadLetterRows: reader.oneOf<DeadLetterRows>(
      'deadLetterRows',
      ['source', 'identity'],
      isRedactor(reader.value('transform')) ? 'identity' : 'source',
    ),
    transform: reader.func<Transform>('transform'),
    attachments: readAttachments(reader),
    observer: reader.func<Observer>('observer'),
    limits: reader.group('limits', readLimits),
    runtime,
    holder: typeof runtime.id === 'function' ? runtime.id() : '',
  };
}

function readLimits(reader: OptionReader): Limits {
  return Object.freeze({
    ...readLeaseLimits(reader),
    commitMaxRows: reader.number('commitMaxRows', 2_000_000, { min: 1, max: 100_000_000 }),
    lookbackMaxRows: reader.number('lookbackMaxRows', 4_000_000, { min: 1, max: 100_000_000 }),
  });
}

function fingerprintOf(
  source: Source,
  encoder: Encoder,
  destination: { readonly sink: Sink; readonly keys: KeyStrategy },
): Fingerprint {
  const { format, compression, identity } = encoder;
  return {
    source: plainJson({ name: source.name, identity: source.identity }),
    sink: destination.sink.location,
    format: plainJson({ format, compression, identity }),
    keys: plainJson(destination.keys.identity),
  };
}
