import type { JsonScanner } from '../../../rows/scanner.js';
import type { Place } from './strings.js';

const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE_BRACE = 0x7d;

/** One member of an object; the places include quotes. */
export interface Member {
  readonly key: Place;
  readonly value: Place;
}

/** Goes from member to member of an object, in a text that was checked before. Makes no object for each of them. */
export class MemberWalk {
  readonly #scanner: JsonScanner;
  #next: number;
  /** The place of the member's key, its quotes included. */
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;

  /** @param start place of the object's brace. */
  constructor(scanner: JsonScanner, start: number) {
    this.#scanner = scanner;
    this.#next = start + 1;
  }

  /** Goes to the next member, or answers false when there is none. */
  advance(): boolean {
    const scanner = this.#scanner;
    let at = scanner.skipSpace(this.#next);
    if (scanner.byteAt(at) === CLOSE_BRACE) return false;
    if (scanner.byteAt(at) === COMMA) at = scanner.skipSpace(at + 1);
    this.keyStart = at;
    this.keyEnd = scanner.skipString(at);
    const colon = scanner.skipSpace(this.keyEnd);
    this.valueStart = scanner.skipSpace(scanner.skipByte(colon, COLON));
    this.valueEnd = scanner.skipValue(this.valueStart);
    this.#next = this.valueEnd;
    return true;
  }
}

/** The members of the object whose brace stands at `start`, one by one. */
export function* walkMembers(scanner: JsonScanner, start: number): Generator<Member, void, void> {
  const walk = new MemberWalk(scanner, start);
  while (walk.advance()) {
    yield {
      key: { start: walk.keyStart, end: walk.keyEnd },
      value: { start: walk.valueStart, end: walk.valueEnd },
    };
  }
}
