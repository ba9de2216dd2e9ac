/** What one step of a producer weighs. */
export type Weigh<T> = (value: T) => number;

export interface ReadAheadOptions<T> {
  readonly signal: AbortSignal | undefined;
  /** A value heavier than this is handed over before the next one is fetched. */
  readonly maxBytes: number;
  readonly bytesOf: Weigh<T>;
}

/**
 * Fetches the next value while the consumer works on the present one: one value ahead, never more. An error of
 * the producer is thrown where its value would have been. When the consumer leaves, the producer's signal aborts
 * and nothing is left running.
 */
export async function* readAhead<T>(
  produce: (signal: AbortSignal) => AsyncGenerator<T>,
  options: ReadAheadOptions<T>,
): AsyncGenerator<T> {
  const left = new AbortController();
  const signal = options.signal;
  const producer = produce(
    signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]),
  );
  let next = fetchNext(producer);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await next;
      if (done === true) return;
      const light = options.bytesOf(value) <= options.maxBytes;
      if (light) next = fetchNext(producer);
      yield value;
      if (!light) next = fetchNext(producer);
    }
  } finally {
    left.abort(new Error('the reader has left'));
    // Its outcome is of no interest any more, only that it is over.
    await next.catch(() => undefined);
    await producer.return(undefined);
  }
}

function fetchNext<T>(producer: AsyncGenerator<T>): Promise<IteratorResult<T, unknown>> {
  const next = producer.next();
  // Until the consumer comes back nobody awaits it; the rejection is delivered then.
  next.catch(() => undefined);
  return next;
}
