import { CheckpointError, SinkError, SourceError } from '../../errors/index.js';
import type { CursorStore, ObjectWriter, Sink, Source } from '../../interfaces/index.js';
import type { FaultPlan, PlannedEffect } from './fault-plan.js';

type Callable = (...input: readonly unknown[]) => unknown;

/** How the members of one kind of adapter are wrapped. */
interface AdapterKind {
  /** First part of the effects' names. */
  readonly name: string;
  /** Methods that answer with a promise: one effect each. */
  readonly calls: readonly string[];
  /** Methods that answer with an iterable: one effect when the iteration begins. */
  readonly streams: readonly string[];
  /** Methods that answer with an iterable of which every step is an effect. */
  readonly steps: readonly string[];
  readonly fault: (message: string) => Error;
}

const SINK_CALLS = ['open', 'commit', 'put', 'get', 'head', 'remove', 'discard'];

const SINK: AdapterKind = {
  name: 'sink',
  calls: SINK_CALLS,
  streams: ['list', 'strays', 'probe'],
  steps: [],
  fault: (message) => new SinkError('SINK_UNAVAILABLE', message, { retryable: true }),
};

const WRITER: AdapterKind = {
  ...SINK,
  name: 'writer',
  calls: ['write', 'prepare', 'abort'],
  streams: [],
};

const STORE: AdapterKind = {
  name: 'store',
  calls: ['load', 'save', 'delete'],
  streams: ['list', 'probe'],
  steps: [],
  fault: (message) => new CheckpointError('CHECKPOINT_UNAVAILABLE', message, { retryable: true }),
};

const SOURCE: AdapterKind = {
  name: 'source',
  calls: [],
  streams: ['probe'],
  steps: ['read'],
  fault: (message) => new SourceError('SOURCE_UNAVAILABLE', message, { retryable: true }),
};

/**
 * Wraps a sink (and the writers it opens), a cursor store or a source so that every call that does I/O runs under
 * `plan`. All else passes through, further members of the adapter included. In `source.read`
 * every page is an effect; listings are one effect each, and reject at any step after a crash.
 */
export function faulty<T extends Sink | CursorStore | Source>(adapter: T, plan: FaultPlan): T {
  if ('commit' in adapter) return wrap(adapter, SINK, plan);
  return wrap(adapter, 'save' in adapter ? STORE : SOURCE, plan);
}

function wrap<T extends object>(adapter: T, kind: AdapterKind, plan: FaultPlan): T {
  // An empty target: a frozen adapter would forbid a proxy to answer with other functions.
  return new Proxy<T>({} as T, {
    has: (_target, member) => member in adapter,
    get: (_target, member) => {
      const value: unknown = Reflect.get(adapter, member, adapter);
      if (typeof value !== 'function' || typeof member !== 'string') return value;
      const bound = value.bind(adapter) as Callable;
      if (kind.calls.includes(member)) return wrapCall({ bound, member, kind, plan });
      const counting = kind.streams.includes(member) ? 'first' : 'every';
      if (counting === 'every' && !kind.steps.includes(member)) return bound;
      return wrapStream({ bound, member, kind, plan }, counting);
    },
  });
}

interface Wrapped {
  readonly bound: Callable;
  readonly member: string;
  readonly kind: AdapterKind;
  readonly plan: FaultPlan;
}

function wrapCall(wrapped: Wrapped): Callable {
  const { bound, member, plan } = wrapped;
  return async (...input) => {
    const result = await plan.run(
      effectOf(wrapped, input, async (late) => bound(...(late ? withoutSignal(input) : input))),
    );
    if (member === 'open') return wrap(result as ObjectWriter, WRITER, plan);
    if (member === 'get' && result !== null) return crashingStream(result as Stream, plan);
    return result;
  };
}

type Stream = AsyncIterable<unknown>;

function wrapStream(wrapped: Wrapped, counting: 'first' | 'every'): Callable {
  return async function* stream(...input): AsyncIterable<unknown> {
    wrapped.plan.throwIfCrashed();
    const iterator = (wrapped.bound(...input) as Stream)[Symbol.asyncIterator]();
    let isCounted = true;
    try {
      for (;;) {
        const step = isCounted
          ? await wrapped.plan.run(effectOf(wrapped, input, () => iterator.next()))
          : await iterator.next();
        wrapped.plan.throwIfCrashed();
        if (step.done === true) return;
        yield step.value;
        isCounted = counting === 'every';
      }
    } finally {
      await iterator.return?.();
    }
  };
}

async function* crashingStream(stream: Stream, plan: FaultPlan): Stream {
  for await (const item of stream) {
    plan.throwIfCrashed();
    yield item;
  }
  plan.throwIfCrashed();
}

function effectOf<T>(
  { kind, member }: Wrapped,
  input: readonly unknown[],
  call: (late: boolean) => Promise<T>,
): PlannedEffect<T> {
  return { name: `${kind.name}.${member}`, signal: signalOf(input), call, fault: kind.fault };
}

interface WithSignal {
  readonly signal?: AbortSignal | undefined;
}

function isWithSignal(value: unknown): value is WithSignal {
  return typeof value === 'object' && value !== null && 'signal' in value;
}

function signalOf(input: readonly unknown[]): AbortSignal | undefined {
  return input.find(isWithSignal)?.signal;
}

function withoutSignal(input: readonly unknown[]): readonly unknown[] {
  return input.map((value) => (isWithSignal(value) ? { ...value, signal: undefined } : value));
}
