/** Why a text is not JSON, and at which byte. Internal: callers turn it into an error that names their input. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
  /** Place of the first byte that cannot stand there; the length of the buffer when the text is cut off. */
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** What reading past the end gives. */
const END = -1;

const SPACE_MAX = 0x20;
const SPACES: Uint8Array = tableOf(' \t\n\r');
const ESCAPES: Uint8Array = tableOf('"\\/bfnrt');
const HEX_DIGITS: Uint8Array = tableOf('0123456789abcdefABCDEF');
const KINDS_MIN = 64;

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/**
 * Checks and measures JSON texts inside one buffer, without making strings or objects.
 *
 * It accepts exactly the grammar of RFC 8259, which is what `JSON.parse` accepts; anything else throws
 * {@link JsonTextError}. That the buffer is UTF-8 is the caller's to check. Nesting is limited by memory
 * only. All places are byte offsets into the buffer.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #length: number;
  /** The open containers from the outside in, each as the byte that closes it. */
  #closers = new Uint8Array(KINDS_MIN);
  #depth = 0;
  #escapes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#length = bytes.length;
  }

  /** Escapes met so far, in keys and strings. */
  get escapes(): number {
    return this.#escapes;
  }

  /** The byte at `at`, or -1 past the end. */
  byteAt(at: number): number {
    return at < this.#length ? (this.#bytes[at] as number) : END;
  }

  /** The first place from `at` on that is not whitespace. */
  skipSpace(at: number): number {
    let next = at;
    while (next < this.#length) {
      const byte = this.#bytes[next] as number;
      if (byte > SPACE_MAX || SPACES[byte] === 0) break;
      next += 1;
    }
    return next;
  }

  /** The place after the byte `expected`, which must stand at `at`. */
  skipByte(at: number, expected: number): number {
    if (this.byteAt(at) !== expected) {
      this.fail(at, `"${String.fromCharCode(expected)}" is missing`);
    }
    return at + 1;
  }

  /** Throws for the byte at `at`: cut off when there is none, else `reason`. */
  fail(at: number, reason: string): never {
    if (at >= this.#length) throw new JsonTextError('the text is cut off', this.#length);
    throw new JsonTextError(reason, at);
  }

  /** The place after the value that begins at `at`; whitespace before it is not skipped. */
  skipValue(at: number): number {
    this.#depth = 0;
    let next = this.#enterValue(at);
    for (;;) {
      while (next < 0) next = this.#enterValue(-next);
      if (this.#depth === 0) return next;
      next = this.#leaveValue(this.skipSpace(next));
    }
  }

  /** The place after the string whose opening quote stands at `at`. */
  skipString(at: number): number {
    let next = this.skipByte(at, QUOTE);
    for (;;) {
      next = this.#skipPlain(next);
      const byte = this.byteAt(next);
      if (byte === QUOTE) return next + 1;
      if (byte !== BACKSLASH) this.fail(next, 'a control character stands in a string');
      next = this.#skipEscape(next + 1);
    }
  }

  /** Past the key whose quote stands at `at`, its colon, and the whitespace around it. */
  #skipKey(at: number): number {
    const colon = this.skipSpace(this.skipString(at));
    return this.skipSpace(this.skipByte(colon, COLON));
  }

  /**
   * Takes one value that is not a container, or opens one. Answers the place after a whole value, or,
   * negated, the place where the first value inside the opened container begins.
   */
  #enterValue(at: number): number {
    const byte = this.byteAt(at);
    if (byte === QUOTE) return this.skipString(at);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.#open(at, byte + 2);
    if (byte === MINUS || isDigit(byte)) return this.#skipNumber(at);
    if (byte === 0x74) return this.#skipLiteral(at, 'true');
    if (byte === 0x66) return this.#skipLiteral(at, 'false');
    if (byte === 0x6e) return this.#skipLiteral(at, 'null');
    return this.fail(at, 'a value is missing');
  }

  #open(at: number, closer: number): number {
    const next = this.skipSpace(at + 1);
    if (this.byteAt(next) === closer) return next + 1;
    if (this.#depth === this.#closers.length) this.#growClosers();
    this.#closers[this.#depth] = closer;
    this.#depth += 1;
    return -(closer === CLOSE_BRACE ? this.#skipKey(next) : next);
  }

  /** After a value inside a container: closes it, or goes to its next value, negated as in `#enterValue`. */
  #leaveValue(at: number): number {
    const closer = this.#closers[this.#depth - 1] as number;
    const byte = this.byteAt(at);
    if (byte === closer) {
      this.#depth -= 1;
      return at + 1;
    }
    if (byte !== COMMA) this.fail(at, `"," or "${String.fromCharCode(closer)}" is missing`);
    const next = this.skipSpace(at + 1);
    return -(closer === CLOSE_BRACE ? this.#skipKey(next) : next);
  }

  #growClosers(): void {
    const grown = new Uint8Array(this.#closers.length * 2);
    grown.set(this.#closers);
    this.#closers = grown;
  }

  /** The first place from `at` on that holds a quote, a backslash or a control character, or the end. */
  #skipPlain(at: number): number {
    const view = this.#view;
    const bytes = this.#bytes;
    const wordsEnd = this.#length - 4;
    let next = at;
    // Four bytes at a time: one below 0x20, or equal to one of the two others, sets its own top bit. Bits of
    // later bytes may be set by a borrow, so only the lowest counts.
    while (next <= wordsEnd) {
      const word = view.getInt32(next, true);
      const quote = word ^ 0x22222222;
      const backslash = word ^ 0x5c5c5c5c;
      const found =
        (((word - 0x20202020) & ~word) |
          ((quote - 0x01010101) & ~quote) |
          ((backslash - 0x01010101) & ~backslash)) &
        0x80808080;
      if (found !== 0) return next + ((31 - Math.clz32(found & -found)) >> 3);
      next += 4;
    }
    while (next < this.#length) {
      const byte = bytes[next] as number;
      if (byte === QUOTE || byte === BACKSLASH || byte < SPACE_MAX) break;
      next += 1;
    }
    return next;
  }

  /** Past the escape whose backslash stands before `at`. */
  #skipEscape(at: number): number {
    this.#escapes += 1;
    const byte = this.byteAt(at);
    if (byte === END) this.fail(at, '');
    if (ESCAPES[byte] === 1) return at + 1;
    if (byte !== LOWER_U) this.fail(at, 'an escape is unknown');
    for (let place = at + 1; place <= at + 4; place += 1) {
      const digit = this.byteAt(place);
      if (digit === END || HEX_DIGITS[digit] === 0) this.fail(place, 'an escape is incomplete');
    }
    return at + 5;
  }

  #skipNumber(at: number): number {
    let next = this.byteAt(at) === MINUS ? at + 1 : at;
    next = this.byteAt(next) === ZERO ? next + 1 : this.#skipDigits(next);
    if (this.byteAt(next) === POINT) next = this.#skipDigits(next + 1);
    const byte = this.byteAt(next);
    if (byte !== 0x45 && byte !== 0x65) return next;
    const sign = this.byteAt(next + 1);
    return this.#skipDigits(sign === 0x2b || sign === MINUS ? next + 2 : next + 1);
  }

  #skipDigits(at: number): number {
    if (!isDigit(this.byteAt(at))) this.fail(at, 'a digit is missing');
    let next = at + 1;
    while (isDigit(this.byteAt(next))) next += 1;
    return next;
  }

  #skipLiteral(at: number, literal: string): number {
    for (let place = 0; place < literal.length; place += 1) {
      if (this.byteAt(at + place) !== literal.charCodeAt(place)) {
        this.fail(at + place, 'a value is misspelt');
      }
    }
    return at + literal.length;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
