// JSON of RFC 8259 in linear memory, checked and measured. After the text at least 16 bytes of zero must stand: no
// grammar takes a zero, so nothing reads further. A place is an address; 0 stands for "not understood", and then
// the caller's own scanner says why.

const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const OPEN_BRACKET: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;

/** Bytes of the stack of open containers, which stands at the beginning of memory but for its first 16 bytes. */
const STACK: usize = 16;
const STACK_END: usize = 16 + 16384;

/** Escapes met so far, in keys and strings. */
export let escapes: u32 = 0;

/** Most often there is no space at all. */
@inline
export function skipSpace(at: usize): usize {
  return load<u8>(at) > 0x20 ? at : skipSpaces(at);
}

function skipSpaces(at: usize): usize {
  let next = at;
  while (true) {
    const byte = load<u8>(next);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return next;
    next += 1;
  }
}

/** A bit for each of 16 bytes that is a quote, a backslash or a control character. */
@inline
function specials(at: usize): i32 {
  const bytes = v128.load(at);
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    ),
  );
}

/** The place after the string whose opening quote stands at `at`. Most are short and plain. */
@inline
export function skipString(at: usize): usize {
  if (load<u8>(at) != QUOTE) return 0;
  const found = specials(at + 1);
  const end = at + 1 + ctz(found);
  return found != 0 && load<u8>(end) == QUOTE ? end + 1 : skipLongString(at + 1);
}

function skipLongString(at: usize): usize {
  let next = at;
  while (true) {
    const found = specials(next);
    if (found == 0) {
      next += 16;
      continue;
    }
    next += ctz(found);
    const byte = load<u8>(next);
    if (byte == QUOTE) return next + 1;
    if (byte != BACKSLASH) return 0;
    next = skipEscape(next + 1);
    if (next == 0) return 0;
  }
}

/** Past the escape whose backslash stands before `at`. */
function skipEscape(at: usize): usize {
  escapes += 1;
  switch (load<u8>(at)) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      for (let place = at + 1; place <= at + 4; place += 1) {
        if (!isHexDigit(load<u8>(place))) return 0;
      }
      return at + 5;
    default:
      return 0;
  }
}

@inline
function isDigit(byte: u8): bool {
  return <u8>(byte - ZERO) <= 9;
}

function isHexDigit(byte: u8): bool {
  return isDigit(byte) || <u8>((byte | 0x20) - 0x61) <= 5;
}

function skipDigits(at: usize): usize {
  if (!isDigit(load<u8>(at))) return 0;
  let next = at + 1;
  while (isDigit(load<u8>(next))) next += 1;
  return next;
}

function skipNumber(at: usize): usize {
  let next = load<u8>(at) == MINUS ? at + 1 : at;
  next = load<u8>(next) == ZERO ? next + 1 : skipDigits(next);
  if (next == 0) return 0;
  if (load<u8>(next) == POINT) {
    next = skipDigits(next + 1);
    if (next == 0) return 0;
  }
  if ((load<u8>(next) | 0x20) != 0x65) return next;
  const sign = load<u8>(next + 1);
  return skipDigits(sign == 0x2b || sign == MINUS ? next + 2 : next + 1);
}

/** Past a value that is no container. */
@inline
export function skipPlain(at: usize, first: u8): usize {
  if (first == QUOTE) return skipString(at);
  if (first == MINUS || isDigit(first)) return skipNumber(at);
  // "true", "null", and "alse" of "false".
  if (first == 0x74) return load<u32>(at) == 0x65757274 ? at + 4 : 0;
  if (first == 0x6e) return load<u32>(at) == 0x6c6c756e ? at + 4 : 0;
  if (first == 0x66) return load<u32>(at + 1) == 0x65736c61 ? at + 5 : 0;
  return 0;
}

/** From the quote of a key to the value behind it. */
@inline
function skipKey(at: usize): usize {
  const end = skipString(at);
  if (end == 0) return 0;
  const colon = skipSpace(end);
  return load<u8>(colon) == COLON ? skipSpace(colon + 1) : 0;
}

/** The place after the value that begins at `at`. */
export function skipValue(at: usize): usize {
  let first = load<u8>(at);
  if (first != OPEN_BRACE && first != OPEN_BRACKET) return skipPlain(at, first);
  let top: usize = STACK;
  let next = at;
  while (true) {
    // A value begins here.
    first = load<u8>(next);
    if (first == OPEN_BRACE || first == OPEN_BRACKET) {
      const closer: u8 = first + 2;
      next = skipSpace(next + 1);
      if (load<u8>(next) != closer) {
        if (top == STACK_END) return 0;
        store<u8>(top, closer);
        top += 1;
        if (closer == CLOSE_BRACE) {
          next = skipKey(next);
          if (next == 0) return 0;
        }
        continue;
      }
      next += 1;
    } else {
      next = skipPlain(next, first);
      if (next == 0) return 0;
    }
    // A value has ended here.
    while (true) {
      if (top == STACK) return next;
      next = skipSpace(next);
      const closer = load<u8>(top - 1);
      const byte = load<u8>(next);
      if (byte != closer) {
        if (byte != COMMA) return 0;
        next = skipSpace(next + 1);
        if (closer == CLOSE_BRACE) {
          next = skipKey(next);
          if (next == 0) return 0;
        }
        break;
      }
      top -= 1;
      next += 1;
    }
  }
}
