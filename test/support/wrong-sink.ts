import type { ObjectInfo, ObjectWriter, Sink } from '../../src/interfaces/index.js';
import { memorySink, type MemorySink } from '../../src/testing/adapters/memory-sink.js';
import { override } from './override.js';

/** A sink with one fault, and the case that must catch it. */
export interface WrongSink {
  readonly fault: string;
  readonly caught: string;
  readonly create: () => Sink;
  readonly reopen?: (sink: Sink) => Sink;
}

type Fault = (sink: MemorySink) => Partial<Sink>;

export function wrong(fault: string, caught: string, members: Fault): WrongSink {
  const create = (): Sink => {
    const sink = memorySink();
    return override<Sink>(sink, members(sink));
  };
  return { fault, caught, create };
}

/** A fault of the writers that the sink opens. */
export function wrongWriter(
  fault: string,
  caught: string,
  members: (writer: ObjectWriter, sink: MemorySink, key: string) => Partial<ObjectWriter>,
): WrongSink {
  return wrong(fault, caught, (sink) => ({
    open: async (head, options) => {
      const writer = await sink.open(head, options);
      return override(writer, members(writer, sink, head.key));
    },
  }));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function* fromPromise<T>(items: Promise<readonly T[]>): AsyncIterable<T> {
  yield* await items;
}

/** A list made from the right one by a change to the whole. */
export function wrongList(
  fault: string,
  caught: string,
  change: (objects: ObjectInfo[]) => ObjectInfo[],
): WrongSink {
  return wrong(fault, caught, (sink) => ({
    list: (prefix, options) => fromPromise(collect(sink.list(prefix, options)).then(change)),
  }));
}
