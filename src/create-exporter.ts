import { ConfigurationError, RunError } from './errors/index.js';
import type { Fingerprint } from './exporter/checkpoint.js';
import { type Resolution, resetExport, resolveExport, rewindExport } from './exporter/maintain.js';
import type { Transform } from './exporter/page-work.js';
import { setPaused } from './exporter/pause.js';
import { testExport } from './exporter/probe.js';
import type {
  ExportStatus,
  RunOptions,
  RunResult,
  SampleResult,
  TestResult,
} from './exporter/results.js';
import { runExport } from './exporter/run.js';
import { sampleExport } from './exporter/sample.js';
import type { BadRowPolicy, ExporterSettings, Limits } from './exporter/settings.js';
import { exportStatus } from './exporter/status.js';
import type {
  CursorStore,
  Encoder,
  Json,
  KeyStrategy,
  Observer,
  OperationOptions,
  Runtime,
  Sink,
  Source,
} from './interfaces/index.js';
import { type OptionReader, readOptions } from './options/index.js';
import { systemRuntime } from './util/runtime.js';
import { anySignal } from './util/time-limit.js';

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
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
  /** Changes rows on their way: gives the new row, several, or `null` to drop it. Rows are parsed only if given. */
  readonly transform?: Transform | undefined;
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
 * Moves rows from a source to a sink, each row version exactly once. Made by {@link createExporter}.
 *
 * One instance does one thing at a time: `run`, `reset`, `rewind` and `resolve` refuse with `EXPORTER_BUSY` while
 * one of them is under way. `status`, `test`, `sample`, `pause` and `resume` may be called at any time.
 */
export interface Exporter extends AsyncDisposable {
  readonly id: string;
  /**
   * One bounded pass: carries out what an earlier run decided, then reads and commits until the source has no
   * more or a limit is reached. Safe to call from several processes: one works, the others answer `locked`.
   * @throws what made it fail, after committing what was read before. The next run carries on.
   */
  run(options?: RunOptions): Promise<RunResult>;
  /** Tries everything that a run needs, step by step, each with its remedy, and leaves nothing behind. */
  test(options?: OperationOptions): Promise<TestResult>;
  /** A few rows as they would be exported. Moves nothing. */
  sample(options?: OperationOptions & { readonly limit?: number }): Promise<SampleResult>;
  /** Where the export stands. Reads only. */
  status(options?: OperationOptions): Promise<ExportStatus>;
  /** Lets no run begin, in any process, until `resume()`; a running one ends after its next commit. Durable. */
  pause(options?: OperationOptions): Promise<void>;
  resume(options?: OperationOptions): Promise<void>;
  /**
   * Clears cursor and history: the next run begins at the beginning, in a new generation, with the present
   * settings. Exported objects stay.
   */
  reset(options?: OperationOptions): Promise<void>;
  /** Begins a new generation with the rows written at `to` or later. Exported objects stay. */
  rewind(options: OperationOptions & { readonly to: Date }): Promise<void>;
  /**
   * Settles a commit after `COMMIT_UNRESOLVED`. `committed`: its objects arrived, wherever they are now.
   * `export-again`: its rows are read again, and its objects are named as superseded in the next manifest.
   * @returns false when there was nothing to settle.
   */
  resolve(resolution: Resolution, options?: OperationOptions): Promise<boolean>;
  /** Ends a run under way by abort, waits for it, and refuses all later calls. Idempotent. */
  close(): Promise<void>;
}

/**
 * Composes an exporter. Checks all options at once and touches nothing: the first I/O is that of `run()`.
 * @throws ConfigurationError `OPTION_INVALID` naming every problem.
 */
export function createExporter(options: ExporterOptions): Exporter {
  const settings = readOptions('createExporter', options, readSettings);
  return new ExporterInstance(settings);
}

function readSettings(reader: OptionReader): ExporterSettings {
  const runtime = reader.adapter<Runtime>(
    'runtime',
    ['now', 'sleep', 'random', 'id'],
    systemRuntime,
  );
  const exportId = reader.string('id');
  if (exportId !== '' && !ID.test(exportId))
    reader.problem(
      'id',
      'must be letters, digits, "_" and "-", begin with a letter or digit, 64 at most',
    );
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
    transform: reader.func<Transform>('transform'),
    observer: reader.func<Observer>('observer'),
    limits: reader.group('limits', readLimits),
    runtime,
    holder: typeof runtime.id === 'function' ? runtime.id() : '',
  };
}

function readLimits(reader: OptionReader): Limits {
  const leaseMs = reader.number('leaseMs', 60_000, { min: 1_000, max: 3_600_000 });
  const third = Math.max(500, Math.floor(leaseMs / 3));
  return Object.freeze({
    leaseMs,
    // Renewed after its half is over, a lease could run out during one slow save.
    leaseRenewMs: reader.number('leaseRenewMs', third, { min: 500, max: Math.floor(leaseMs / 2) }),
    commitMaxRows: reader.number('commitMaxRows', 2_000_000, { min: 1, max: 100_000_000 }),
    lookbackMaxRows: reader.number('lookbackMaxRows', 4_000_000, { min: 1, max: 100_000_000 }),
    closeTimeoutMs: reader.number('closeTimeoutMs', 10_000, { min: 100, max: 600_000 }),
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

/** As it will come back from a cursor store: without members that are undefined. */
function plainJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}

class ExporterInstance implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #closing = new AbortController();
  #busy: Promise<unknown> | null = null;

  constructor(settings: ExporterSettings) {
    this.#settings = settings;
  }

  get id(): string {
    return this.#settings.exportId;
  }

  async run(options: RunOptions = {}): Promise<RunResult> {
    const checked = readOptions('run', options, (reader) => ({
      signal: signalOf(reader),
      maxRows: reader.number('maxRows', this.#settings.maxRowsPerRun, { min: 1 }),
      maxDurationMs: reader.number('maxDurationMs', Infinity, { min: 0 }),
    }));
    return await this.#alone(checked, (operation) =>
      runExport(this.#settings, { ...checked, ...operation }),
    );
  }

  async test(options: OperationOptions = {}): Promise<TestResult> {
    return await testExport(this.#settings, this.#operation(options));
  }

  async sample(
    options: OperationOptions & { readonly limit?: number } = {},
  ): Promise<SampleResult> {
    const { limit } = readOptions('sample', options, (reader) => ({
      signal: signalOf(reader),
      observer: reader.func<Observer>('observer'),
      limit: reader.number('limit', 10, { min: 1, max: 1_000 }),
    }));
    return await sampleExport(this.#settings, limit, this.#operation(options));
  }

  async status(options: OperationOptions = {}): Promise<ExportStatus> {
    return await exportStatus(this.#settings, this.#operation(options));
  }

  async pause(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(true, options);
  }

  async resume(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(false, options);
  }

  async reset(options: OperationOptions = {}): Promise<void> {
    await this.#alone(options, (operation) => resetExport(this.#settings, operation));
  }

  async rewind(options: OperationOptions & { readonly to: Date }): Promise<void> {
    const { to } = readOptions('rewind', options, (reader) => {
      if (!reader.has('to')) reader.problem('to', 'must be a valid Date');
      return {
        signal: signalOf(reader),
        observer: reader.func<Observer>('observer'),
        to: reader.date('to'),
      };
    });
    const date = to ?? new Date(0);
    if (date > this.#settings.runtime.now()) throw futureError(date);
    await this.#alone(options, (operation) => rewindExport(this.#settings, date, operation));
  }

  async resolve(resolution: Resolution, options: OperationOptions = {}): Promise<boolean> {
    readOptions('resolve', { resolution }, (reader) => ({
      resolution: reader.oneOf<Resolution>('resolution', ['committed', 'export-again']),
    }));
    return await this.#alone(options, (operation) =>
      resolveExport(this.#settings, resolution, operation),
    );
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(closedError(this.id));
    try {
      await this.#busy;
    } catch {
      // Its own caller sees the failure.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #setPaused(paused: boolean, options: OperationOptions): Promise<void> {
    const { store, exportId, runtime } = this.#settings;
    const mark = { exportId, paused, at: runtime.now() };
    await setPaused(store, mark, this.#operation(options));
  }

  /** One at a time: two runs of one instance would only fight over the lease. */
  async #alone<T>(
    options: OperationOptions,
    work: (operation: OperationOptions) => Promise<T>,
  ): Promise<T> {
    const operation = this.#operation(options);
    if (this.#busy !== null) throw busyError(this.id);
    const turn = work(operation);
    this.#busy = turn;
    try {
      return await turn;
    } finally {
      this.#busy = null;
    }
  }

  #operation(options: OperationOptions): OperationOptions {
    this.#closing.signal.throwIfAborted();
    return {
      signal: anySignal(options.signal, this.#closing.signal),
      observer: options.observer ?? this.#settings.observer,
    };
  }
}

function signalOf(reader: OptionReader): AbortSignal | undefined {
  if (!reader.has('signal')) return undefined;
  return reader.adapter<AbortSignal>('signal', ['aborted', 'addEventListener']);
}

function busyError(exportId: string): RunError {
  return new RunError('EXPORTER_BUSY', `This exporter of "${exportId}" is at work already.`, {
    remedy: 'Await the call under way before the next one.',
  });
}

function futureError(to: Date): ConfigurationError {
  return new ConfigurationError(
    'OPTION_INVALID',
    `rewind: \`to\` is ${to.toISOString()}, which is still to come: what is written until then would never be read.`,
    { remedy: 'Give a time that has passed.' },
  );
}

function closedError(exportId: string): RunError {
  return new RunError('EXPORTER_CLOSED', `The exporter of "${exportId}" was closed.`, {
    remedy: 'Create a new exporter.',
  });
}
