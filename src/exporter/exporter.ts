import { ConfigurationError, RunError } from '../errors/index.js';
import type { Observer, OperationOptions } from '../interfaces/index.js';
import { readOptions } from '../options/index.js';
import { readSignal } from '../options/read-signal.js';
import { Lifetime } from '../util/lifetime.js';
import { type Resolution, resetExport, resolveExport, rewindExport } from './maintain.js';
import { exportPause } from './pause.js';
import { testExport } from './probe.js';
import type { ExportStatus, RunOptions, RunResult, SampleResult, TestResult } from './results.js';
import { runExport } from './run.js';
import { sampleExport } from './sample.js';
import type { ExporterSettings } from './settings.js';
import { exportStatus } from './status.js';

/**
 * Moves rows from a source to a sink, each row version exactly once. Made by `createExporter`.
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

const SETTINGS = new WeakMap<Exporter, ExporterSettings>();

/** The exporter of validated settings. */
export function exporterOf(settings: ExporterSettings): Exporter {
  const exporter = new ExporterInstance(settings);
  SETTINGS.set(exporter, settings);
  return exporter;
}

/** What an exporter was made of; `null` for one that somebody else made, such as a wrapper. */
export function settingsOf(exporter: Exporter): ExporterSettings | null {
  return SETTINGS.get(exporter) ?? null;
}

class ExporterInstance implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #lifetime: Lifetime;

  constructor(settings: ExporterSettings) {
    this.#settings = settings;
    const { exportId, observer } = settings;
    const errors = { busy: () => busyError(exportId), closed: () => closedError(exportId) };
    this.#lifetime = new Lifetime(errors, observer);
  }

  get id(): string {
    return this.#settings.exportId;
  }

  async run(options: RunOptions = {}): Promise<RunResult> {
    const checked = readOptions('run', options, (reader) => ({
      signal: readSignal(reader),
      maxRows: reader.number('maxRows', this.#settings.maxRowsPerRun, { min: 1 }),
      maxDurationMs: reader.number('maxDurationMs', Infinity, { min: 0 }),
    }));
    return await this.#lifetime.alone(checked, (operation) =>
      runExport(this.#settings, { ...checked, ...operation }),
    );
  }

  async test(options: OperationOptions = {}): Promise<TestResult> {
    return await testExport(this.#settings, this.#lifetime.operation(options));
  }

  async sample(
    options: OperationOptions & { readonly limit?: number } = {},
  ): Promise<SampleResult> {
    const { limit } = readOptions('sample', options, (reader) => ({
      signal: readSignal(reader),
      observer: reader.func<Observer>('observer'),
      limit: reader.number('limit', 10, { min: 1, max: 1_000 }),
    }));
    return await sampleExport(this.#settings, limit, this.#lifetime.operation(options));
  }

  async status(options: OperationOptions = {}): Promise<ExportStatus> {
    return await exportStatus(this.#settings, this.#lifetime.operation(options));
  }

  async pause(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(true, options);
  }

  async resume(options: OperationOptions = {}): Promise<void> {
    await this.#setPaused(false, options);
  }

  async reset(options: OperationOptions = {}): Promise<void> {
    await this.#lifetime.alone(options, (operation) => resetExport(this.#settings, operation));
  }

  async rewind(options: OperationOptions & { readonly to: Date }): Promise<void> {
    const { to } = readOptions('rewind', options, (reader) => {
      if (!reader.has('to')) reader.problem('to', 'must be a valid Date');
      return {
        signal: readSignal(reader),
        observer: reader.func<Observer>('observer'),
        to: reader.date('to'),
      };
    });
    const date = to ?? new Date(0);
    if (date > this.#settings.runtime.now()) throw futureError(date);
    await this.#lifetime.alone(options, (operation) =>
      rewindExport(this.#settings, date, operation),
    );
  }

  async resolve(resolution: Resolution, options: OperationOptions = {}): Promise<boolean> {
    readOptions('resolve', { resolution }, (reader) => ({
      resolution: reader.oneOf<Resolution>('resolution', ['committed', 'export-again']),
    }));
    return await this.#lifetime.alone(options, (operation) =>
      resolveExport(this.#settings, resolution, operation),
    );
  }

  async close(): Promise<void> {
    await this.#lifetime.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #setPaused(paused: boolean, options: OperationOptions): Promise<void> {
    const { store, exportId, runtime } = this.#settings;
    const mark = { paused, at: runtime.now() };
    await exportPause(store, exportId).change(mark, this.#lifetime.operation(options));
  }
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
