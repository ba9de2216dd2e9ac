import type { OperationOptions } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';

interface Trial<T> {
  readonly result: Promise<T>;
  readonly signal: AbortSignal | undefined;
}

/** Something that is found out once for all who ask, and tried anew after a failure. */
export class SharedTrial<T> {
  readonly #find: (options: OperationOptions) => Promise<T>;
  #trial: Trial<T> | null = null;

  constructor(find: (options: OperationOptions) => Promise<T>) {
    this.#find = find;
  }

  /** The first who asks makes the trial; when that one gives up, the next one who waits does. */
  async result(options: OperationOptions): Promise<T> {
    const { signal } = options;
    for (;;) {
      const isMine = this.#trial === null;
      const trial = this.#trial ?? this.#begin(options);
      try {
        return signal === undefined ? await trial.result : await abortable(trial.result, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (isMine || trial.signal?.aborted !== true) throw error;
      }
    }
  }

  #begin(options: OperationOptions): Trial<T> {
    const result = this.#find(options);
    const trial = { result, signal: options.signal };
    this.#trial = trial;
    result.catch(() => {
      if (this.#trial === trial) this.#trial = null;
    });
    return trial;
  }
}
