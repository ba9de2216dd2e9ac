import type { ExportEvent, Observer, Runtime } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { CopyCounts } from './attachments/attachment-copier.js';

export type Stage = 'read' | 'write' | 'commit';

/** Counts what a run does: passes every event on to the host's observer and adds up requests and times. */
export class Meter {
  readonly #runtime: Runtime;
  readonly #host: Observer | undefined;
  readonly stageMs: Record<Stage, number> = { read: 0, write: 0, commit: 0 };
  rows = 0;
  bytes = 0;
  objects = 0;
  commits = 0;
  lateRows = 0;
  mistypedValues = 0;
  rejectedRows = 0;
  droppedRows = 0;
  readonly attachments: CopyCounts = { copied: 0, copiedBytes: 0, failed: 0 };
  sourceRequests = 0;
  sinkRequests = 0;

  constructor(runtime: Runtime, host: Observer | undefined) {
    this.#runtime = runtime;
    this.#host = host;
  }

  /** The observer to hand to adapters. */
  readonly observe = (event: ExportEvent): void => {
    if (event.type === 'request' && event.target === 'source') this.sourceRequests += 1;
    if (event.type === 'request' && event.target === 'sink') this.sinkRequests += 1;
    emit(this.#host, event);
  };

  /** Adds the time that `work` takes to a stage. */
  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const start = this.#runtime.now().getTime();
    try {
      return await work();
    } finally {
      this.stageMs[stage] += this.#runtime.now().getTime() - start;
    }
  }
}
