import { describe, expect, it } from 'vitest';

import { invalidUtf8Offset } from '../../../src/rows/utf8.js';

describe('invalidUtf8Offset', () => {
  it('takes the first and last character of every length', () => {
    const text = '\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}';
    expect(invalidUtf8Offset(Buffer.from(text))).toBe(-1);
  });

  it.each([
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong three', [0xe0, 0x9f, 0xbf]],
    ['an overlong four', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte that is never used', [0xff]],
    ['a character cut off', [0xf0, 0x9f, 0x98]],
    ['a broken third byte', [0xe2, 0x82, 0x20]],
  ])('finds %s after valid text', (_, bytes) => {
    const valid = Buffer.from('aé€😀');
    expect(invalidUtf8Offset(Buffer.concat([valid, Buffer.from(bytes)]))).toBe(valid.length);
  });
});
