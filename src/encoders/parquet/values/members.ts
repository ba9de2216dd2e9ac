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

/** The members of the object whose brace stands at `start`, in a text that was checked before. */
export function* walkMembers(scanner: JsonScanner, start: number): Generator<Member, void, void> {
  let next = scanner.skipSpace(start + 1);
  if (scanner.byteAt(next) === CLOSE_BRACE) return;
  for (;;) {
    const keyEnd = scanner.skipString(next);
    const value = scanner.skipSpace(scanner.skipByte(scanner.skipSpace(keyEnd), COLON));
    const end = scanner.skipValue(value);
    yield { key: { start: next, end: keyEnd }, value: { start: value, end } };
    next = scanner.skipSpace(end);
    if (scanner.byteAt(next) === CLOSE_BRACE) return;
    next = scanner.skipSpace(scanner.skipByte(next, COMMA));
  }
}
