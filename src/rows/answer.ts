import { setImmediate as nextTurn } from 'node:timers/promises';

import { SourceError } from '../errors/index.js';
import type { RowBatch } from '../interfaces/index.js';
import { MemberIndex } from './member-index.js';
import { rowBatchFromIndexedText } from './row-batch.js';
import { JsonScanner, JsonTextError } from './scanner.js';
import { invalidUtf8Offset } from './utf8.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
/** One or two milliseconds of scanning. */
const SLICE_BYTES = 256 * 1024;
/** Row bounds are 32-bit numbers. */
const BODY_MAX_BYTES = 0xffffffff;

/** A source's answer: its rows, and every other member of the object around them. */
export interface Answer {
  readonly rows: RowBatch;
  /** Parsed by `JSON.parse`; the last of duplicate keys wins. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * Splits an answer `{"data": [row, ...], ...}`, its keys in any order, without parsing the rows. The rows
 * share memory with `body`, which must not change afterwards.
 *
 * The whole body is checked in one pass, so an answer that was cut short never passes for a short one.
 * @throws SourceError `SOURCE_PROTOCOL` when the body is not one JSON object in UTF-8, has no array
 *   `data` or more than one, or has a row that is not an object. `details` has `offset`, the place of the
 *   byte, and `rowIndex` when it lies in or before a row.
 */
export function splitAnswer(body: Uint8Array): Answer {
  const splitter = splitterOf(body);
  const steps = splitter.steps();
  while (steps.next().done !== true);
  return splitter.answer();
}

/**
 * As {@link splitAnswer}, with a turn of the event loop after every 256 KiB of rows, so that a big page does not
 * hold up the host. One row is one slice, whatever its size.
 */
export async function splitAnswerInSlices(body: Uint8Array): Promise<Answer> {
  const splitter = splitterOf(body);
  for (const _slice of splitter.steps()) await nextTurn();
  return splitter.answer();
}

function splitterOf(body: Uint8Array): AnswerSplitter {
  if (body.length > BODY_MAX_BYTES) throw protocolError('is over 4 GiB', {});
  const offset = invalidUtf8Offset(body);
  if (offset !== -1) throw protocolError(`is not UTF-8 at byte ${offset}`, { offset });
  return new AnswerSplitter(body);
}

/** Begin and end of each row, and of its members in the index. */
interface FoundRows {
  readonly bounds: number[];
  readonly memberBounds: number[];
}

/** One walk over one answer. */
class AnswerSplitter {
  readonly #body: Buffer;
  readonly #scanner: JsonScanner;
  readonly #members: MemberIndex;
  readonly #rest = new Map<string, unknown>();
  #rows: RowBatch | undefined;
  /** The row being read; -1 outside of `data`. */
  #rowIndex = -1;

  constructor(body: Uint8Array) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#scanner = new JsonScanner(body);
    this.#members = new MemberIndex(body);
  }

  /** Walks the body; gives way after every slice of rows. */
  *steps(): Generator<void, void, void> {
    try {
      yield* this.#readObject();
    } catch (error) {
      if (!(error instanceof JsonTextError)) throw error;
      throw this.#problem(
        `is not whole JSON: ${error.message} at byte ${error.offset}`,
        error.offset,
      );
    }
  }

  /** What the walk found, once it has ended. */
  answer(): Answer {
    if (this.#rows === undefined) throw protocolError('has no `data`', {});
    return { rows: this.#rows, rest: Object.freeze(Object.fromEntries(this.#rest)) };
  }

  *#readObject(): Generator<void, void, void> {
    const scanner = this.#scanner;
    const start = scanner.skipSpace(0);
    this.#expect(start, OPEN_BRACE, 'is not a JSON object');
    let at = scanner.skipSpace(start + 1);
    if (scanner.byteAt(at) === CLOSE_BRACE) return this.#readEnd(at + 1);
    for (;;) {
      at = scanner.skipSpace(yield* this.#readMember(at));
      if (scanner.byteAt(at) === CLOSE_BRACE) return this.#readEnd(at + 1);
      at = scanner.skipSpace(scanner.skipByte(at, COMMA));
    }
  }

  #readEnd(at: number): void {
    const end = this.#scanner.skipSpace(at);
    if (end === this.#body.length) return;
    throw protocolError(`goes on after its end, at byte ${end}`, { offset: end });
  }

  *#readMember(at: number): Generator<void, number, void> {
    const scanner = this.#scanner;
    const keyEnd = scanner.skipString(at);
    const key = this.#parse(at, keyEnd) as string;
    const value = scanner.skipSpace(scanner.skipByte(scanner.skipSpace(keyEnd), COLON));
    if (key === 'data') return yield* this.#readRows(value);
    const end = scanner.skipValue(value);
    this.#rest.set(key, this.#parse(value, end));
    return end;
  }

  *#readRows(at: number): Generator<void, number, void> {
    if (this.#rows !== undefined) throw this.#problem('has two members `data`', at);
    this.#expect(at, OPEN_BRACKET, 'has a `data` that is not an array');
    const scanner = this.#scanner;
    const found: FoundRows = { bounds: [], memberBounds: [] };
    let next = scanner.skipSpace(at + 1);
    if (scanner.byteAt(next) !== CLOSE_BRACKET) next = yield* this.#readEachRow(next, found);
    this.#rowIndex = -1;
    this.#rows = rowBatchFromIndexedText({
      bytes: this.#body,
      bounds: new Uint32Array(found.bounds),
      members: this.#members,
      memberBounds: new Uint32Array(found.memberBounds),
    });
    return next + 1;
  }

  /** Answers the place of the bracket that closes `data`. */
  *#readEachRow(at: number, found: FoundRows): Generator<void, number, void> {
    const scanner = this.#scanner;
    let next = this.#readSlice(at, found);
    while (scanner.byteAt(next) !== CLOSE_BRACKET) {
      yield;
      next = this.#readSlice(scanner.skipSpace(next + 1), found);
    }
    return next;
  }

  /** Reads rows until there are enough for a slice. Answers the place of the comma or bracket after the last. */
  #readSlice(at: number, { bounds, memberBounds }: FoundRows): number {
    const scanner = this.#scanner;
    const members = this.#members;
    for (let next = at; ;) {
      this.#rowIndex += 1;
      if (scanner.byteAt(next) !== OPEN_BRACE) {
        this.#expect(next, OPEN_BRACE, `has a row ${this.#rowIndex} that is not an object`);
      }
      memberBounds.push(members.end);
      const end = members.addRow(scanner, next);
      bounds.push(next, end);
      memberBounds.push(members.end);
      next = scanner.skipSpace(end);
      if (scanner.byteAt(next) === CLOSE_BRACKET) return next;
      const after = scanner.skipByte(next, COMMA);
      if (next - at >= SLICE_BYTES) return next;
      next = scanner.skipSpace(after);
    }
  }

  /** A value of another kind is told from a text that is cut off or no JSON at all. */
  #expect(at: number, byte: number, problem: string): void {
    if (this.#scanner.byteAt(at) === byte) return;
    this.#scanner.skipValue(at);
    throw this.#problem(problem, at);
  }

  #problem(what: string, offset: number): SourceError {
    if (this.#rowIndex < 0) return protocolError(what, { offset });
    return protocolError(`${what}, in row ${this.#rowIndex}`, { offset, rowIndex: this.#rowIndex });
  }

  #parse(start: number, end: number): unknown {
    return JSON.parse(this.#body.toString('utf8', start, end));
  }
}

function protocolError(what: string, details: Readonly<Record<string, unknown>>): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `The source's answer ${what}.`, {
    remedy:
      'Nothing of it was used. If it happens again, see what stands between here and the source.',
    details,
  });
}
