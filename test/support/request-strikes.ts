import type { ManualClock } from '../../src/testing/adapters/manual-clock.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import type { S3Double, S3Fault } from './s3-double/index.js';
import type { DoubleRequest } from './s3-double/types.js';

/** When an effect happens whose request was given up long before. */
export type Landing = 'soon' | 'in the next run' | 'at the end';

/** What goes wrong with one request, or with some in a row. */
export interface Strike {
  readonly name: string;
  readonly fault: S3Fault;
  /** How many requests in a row. @defaultValue 1 */
  readonly times?: number;
  /** Whether the process dies at that request. */
  readonly dies?: boolean;
  /** For `late` faults. */
  readonly lands?: Landing;
  /** Which requests it can be survived at, or happens to. @defaultValue all */
  readonly fits?: (request: RequestName) => boolean;
}

/** A request without what differs between two plays of one scenario. */
export type RequestName = Pick<DoubleRequest, 'operation' | 'key'>;

/** A process whose requests are counted. */
export interface CountedProcess {
  readonly clock: ManualClock;
  readonly die: () => void;
}

/** Where a plan strikes. */
export interface StrikeTarget {
  /** Number of the request; the first is 1. */
  readonly at: number;
  readonly strike: Strike;
}

/** Longer than every limit of a request; whoever waits for a hanging one wakes up. */
const PAST_ALL_LIMITS_MS = 600_000;
const SOON_REQUESTS = 15;
const NEXT_RUN_REQUESTS = 30;

/** Counts the requests that reach a double and strikes at one of them. */
export class RequestPlan {
  /** What was counted so far. */
  readonly requests: RequestName[] = [];
  readonly #double: S3Double;
  readonly #target: StrikeTarget | null;
  readonly #random: () => number;
  #process: CountedProcess | null = null;
  #struck = false;
  #requestsUntilLanding = Infinity;

  /** Without a target the plan only counts. */
  constructor(double: S3Double, target: StrikeTarget | null) {
    this.#double = double;
    this.#target = target;
    this.#random = seededRandom(target?.at ?? 0);
    double.intercept = (request) => this.#intercept(request);
  }

  get hasStruck(): boolean {
    return this.#struck;
  }

  /** Counts the requests of a process while `run` lasts. */
  async during<T>(process: CountedProcess, run: () => Promise<T>): Promise<T> {
    this.#process = process;
    try {
      return await run();
    } finally {
      this.#process = null;
      if (this.#struck && this.#target?.strike.lands === 'in the next run')
        this.#requestsUntilLanding = this.#upTo(NEXT_RUN_REQUESTS);
    }
  }

  #intercept(request: DoubleRequest): S3Fault | null {
    this.#requestsUntilLanding -= 1;
    if (this.#requestsUntilLanding === 0) void this.#double.settleLate();
    if (this.#process === null) return null;
    this.requests.push({ operation: request.operation, key: request.key });
    const strike = this.#dueStrike(request);
    return strike === null ? null : this.#strikeAt(this.#process, strike);
  }

  #dueStrike(request: DoubleRequest): Strike | null {
    if (this.#target === null) return null;
    const { at, strike } = this.#target;
    const count = this.requests.length;
    const isDue = count >= at && count < at + (strike.times ?? 1);
    return isDue && (strike.fits?.(request) ?? true) ? strike : null;
  }

  #strikeAt({ clock, die }: CountedProcess, { fault, dies, lands }: Strike): S3Fault {
    this.#struck = true;
    if (dies === true) die();
    if (lands === 'soon') this.#requestsUntilLanding = this.#upTo(SOON_REQUESTS);
    // The request itself first, so that its answer can no longer come.
    if (fault.kind === 'hang') setImmediate(() => void clock.advance(PAST_ALL_LIMITS_MS));
    return fault;
  }

  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }
}

const isCompletion = ({ operation }: RequestName): boolean =>
  operation === 'CompleteMultipartUpload';

const SLOW_DOWN = { kind: 'error', status: 503, code: 'SlowDown' } as const;

/** Everything that can go wrong with a request and must neither lose nor double a row. */
export const STRIKES: readonly Strike[] = [
  { name: '503 once', fault: SLOW_DOWN },
  { name: '503 for sixty requests', fault: SLOW_DOWN, times: 60 },
  { name: '500 once', fault: { kind: 'error', status: 500, code: 'InternalError' } },
  { name: '403 once', fault: { kind: 'error', status: 403, code: 'AccessDenied' } },
  { name: 'a connection reset before the effect', fault: { kind: 'reset-before' } },
  { name: 'a lost answer', fault: { kind: 'reset-after' } },
  { name: 'nine lost answers in a row', fault: { kind: 'reset-after' }, times: 9 },
  { name: 'a connection reset half-way', fault: { kind: 'reset-mid' } },
  { name: 'an effect that lands soon', fault: { kind: 'late' }, lands: 'soon' },
  {
    name: 'an effect that lands in the next run',
    fault: { kind: 'late' },
    lands: 'in the next run',
  },
  { name: 'an effect that lands at the end', fault: { kind: 'late' }, lands: 'at the end' },
  { name: 'an error with status 200', fault: { kind: 'error-in-200', code: 'InternalError' } },
  { name: 'no answer', fault: { kind: 'hang' } },
  { name: 'a lie', fault: { kind: 'lie' }, fits: isLieSurvived },
  {
    name: 'an upload hidden by its completion',
    fault: { kind: 'hide-upload', requests: 40 },
    fits: isCompletion,
  },
  { name: 'death before the effect', fault: { kind: 'reset-before' }, dies: true },
  { name: 'death after the effect', fault: { kind: 'reset-after' }, dies: true },
  {
    name: 'death, and an effect that lands in the next run',
    fault: { kind: 'late' },
    dies: true,
    lands: 'in the next run',
  },
  {
    name: 'death, and an effect that lands at the end',
    fault: { kind: 'late' },
    dies: true,
    lands: 'at the end',
  },
];

/**
 * A service that confirms a write and forgets it takes away what everything rests on: the decision in the checkpoint,
 * or a manifest. A part that it forgets is found, and nothing goes on.
 */
function isLieSurvived({ operation, key }: RequestName): boolean {
  if (operation === 'PutObject') return !/\/_manifests\/|\/checkpoints\//.test(key ?? '');
  return operation !== 'UploadPart';
}
