/** Something that goes wrong with one answer. */
export type PlaneFault =
  /** Answers with an error status; 429 and 503 may carry `Retry-After`. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Closes the connection before anything is done or answered. */
  | { readonly kind: 'reset' }
  /** Does what was asked, then closes the connection without an answer. */
  | { readonly kind: 'lost-answer' }
  /**
   * Sends half of the body. With `declared: 'full'` the length of the whole body was announced and the
   * connection breaks; with `'half'` the announced length is that of the half, and only the JSON is cut.
   */
  | { readonly kind: 'cut'; readonly declared: 'full' | 'half' }
  /** Answers 200 with JSON that is not a query result. */
  | { readonly kind: 'wrong-shape' }
  /** A proxy's refusal: 403 with an HTML page. */
  | { readonly kind: 'html-403' }
  /** Changes the bytes of the real body, before any compression. */
  | { readonly kind: 'rewrite'; readonly rewrite: (body: Buffer) => Uint8Array }
  /** Compresses the body and does not say so. */
  | { readonly kind: 'gzip-without-header' }
  /** Sends the body without saying how long it is. */
  | { readonly kind: 'without-length' };

/** An answer that waits for the test. */
export interface HeldAnswer {
  /** Resolves when a request has arrived and waits. */
  readonly arrived: Promise<void>;
  /** Lets the answer go. */
  release(): void;
}

interface PlannedFault {
  readonly fault: PlaneFault;
  readonly path: string;
  times: number;
}

interface PlannedHold {
  readonly path: string;
  readonly arrive: () => void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/** The faults that are planned, in the order they were asked for. */
export class AnswerFaults {
  #faults: PlannedFault[] = [];
  #waiting: PlannedHold[] = [];
  readonly #open = new Set<PlannedHold>();

  add(fault: PlaneFault, path: string, times: number): void {
    this.#faults.push({ fault, path, times });
  }

  /** Takes the next fault that is planned for a path. */
  take(path: string): PlaneFault | null {
    const planned = this.#faults.find((candidate) => candidate.path === path);
    if (planned === undefined) return null;
    planned.times -= 1;
    if (planned.times <= 0) this.#faults = this.#faults.filter((other) => other !== planned);
    return planned.fault;
  }

  /** Makes the next request to a path wait before it is handled. */
  hold(path: string): HeldAnswer {
    let arrive = (): void => undefined;
    let release = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    const hold: PlannedHold = { path, arrive, released, release };
    this.#waiting.push(hold);
    return { arrived, release };
  }

  /** Waits when the path is held. */
  async pass(path: string): Promise<void> {
    const hold = this.#waiting.find((candidate) => candidate.path === path);
    if (hold === undefined) return;
    this.#waiting = this.#waiting.filter((other) => other !== hold);
    this.#open.add(hold);
    hold.arrive();
    await hold.released;
    this.#open.delete(hold);
  }

  /** Forgets all faults and lets everything that waits go on. */
  clear(): void {
    this.#faults = [];
    this.#waiting = [];
    for (const hold of this.#open) hold.release();
  }
}
