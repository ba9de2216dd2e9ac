/** Top 16 bits of every transaction id. */
const PREFIX = 0x0de1n << 48n;
const COUNTER_SIZE = 0x1_0000;
/** How far the counter runs in a second by itself: it wraps about every 30 seconds. */
const COUNTER_PER_MS = 2.2;

/** The 48 bits below the prefix: unix seconds, then the counter. Fits a number exactly. */
export type TransactionNumber = number;

/** The `_xact_id` of a transaction: 19 digits, so that text order is numeric order. */
export function xactIdOf(transaction: TransactionNumber): string {
  return (PREFIX | BigInt(transaction)).toString();
}

/** The reverse of {@link xactIdOf}. */
export function transactionOf(xactId: string): TransactionNumber {
  return Number(BigInt(xactId) & 0xffff_ffff_ffffn);
}

/** The lowest `_xact_id` of the second that holds `date`. */
export function xactIdAt(date: Date): string {
  return xactIdOf(Math.floor(date.getTime() / 1000) * COUNTER_SIZE);
}

/** The `_pagination_key` of the row that is number `rowIndex` in its transaction. */
export function paginationKeyOf(transaction: TransactionNumber, rowIndex: number): string {
  const number = (BigInt(transaction) << 16n) | BigInt(rowIndex);
  return `p${number.toString().padStart(20, '0')}`;
}

/** Time and counter that the next transaction must have. */
export interface ForcedTransaction {
  readonly time?: Date;
  readonly counter?: number;
}

export interface NextTransaction {
  /** The time to stamp, when it is not now. */
  readonly at?: Date | undefined;
  /** A transaction that the new one must exceed: the last write of a row never seems older than the one before. */
  readonly above?: TransactionNumber | undefined;
}

/**
 * Gives transaction ids of the real layout. The counter runs with the clock and by one for each
 * transaction, and wraps, so ids are not in order inside one second. No id is given twice.
 */
export class TransactionIds {
  readonly #now: () => Date;
  readonly #used = new Map<number, Set<number>>();
  #taken = 0;
  #forced: ForcedTransaction = {};

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Fixes time, counter or both of the next transaction only. Later ones count on from that counter. */
  force(forced: ForcedTransaction): void {
    this.#forced = forced;
  }

  next({ at, above = -1 }: NextTransaction = {}): TransactionNumber {
    const time = (this.#forced.time ?? at ?? this.#now()).getTime();
    if (this.#forced.counter !== undefined)
      this.#taken = this.#forced.counter - Math.floor(time * COUNTER_PER_MS);
    this.#forced = {};
    const counter = Math.floor(time * COUNTER_PER_MS) + this.#taken;
    this.#taken += 1;
    const second = Math.floor(time / 1000);
    const low = ((counter % COUNTER_SIZE) + COUNTER_SIZE) % COUNTER_SIZE;
    return this.#reserve(Math.max(second * COUNTER_SIZE + low, above + 1));
  }

  /** Takes the number, or the next free one of its second, or of a later second. */
  #reserve(wanted: TransactionNumber): TransactionNumber {
    let second = Math.floor(wanted / COUNTER_SIZE);
    let counter = wanted % COUNTER_SIZE;
    while (this.#usedIn(second).size === COUNTER_SIZE) {
      second += 1;
      counter = 0;
    }
    const used = this.#usedIn(second);
    while (used.has(counter)) counter = (counter + 1) % COUNTER_SIZE;
    used.add(counter);
    return second * COUNTER_SIZE + counter;
  }

  #usedIn(second: number): Set<number> {
    const found = this.#used.get(second);
    if (found !== undefined) return found;
    const created = new Set<number>();
    this.#used.set(second, created);
    return created;
  }
}
