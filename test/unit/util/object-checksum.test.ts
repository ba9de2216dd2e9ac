import { describe, expect, it } from 'vitest';

import { sameChecksum } from '../../../src/util/object-checksum.js';

describe('sameChecksum', () => {
  it.each([
    ['sha256:aa', 'sha256:aa', 'same'],
    ['sha256:aa', 'sha256:bb', 'different'],
    ['crc32-2:AAAAAA== md5-2:ff', 'md5-2:ff', 'same'],
    ['crc32-2:AAAAAA== md5-2:ff', 'md5-2:fe', 'different'],
    ['plain', 'plain', 'same'],
    ['plain', 'other', 'different'],
    ['a:b:c', 'a:b:c', 'same'],
    ['a:b:c', 'a:b:d', 'different'],
  ] as const)('of %s and %s is %s', (prepared, seen, match) => {
    expect(sameChecksum(prepared, seen)).toBe(match);
  });

  it('goes by the first name of the prepared one that both have', () => {
    expect(sameChecksum('a:1 b:2', 'b:3 a:1')).toBe('same');
    expect(sameChecksum('a:1 b:2', 'b:2 a:3')).toBe('different');
  });

  it.each([
    [undefined, 'a:1'],
    ['a:1', undefined],
    [null, null],
    ['', ''],
    ['a:1', 'b:1'],
    ['crc32-2:AAAAAA==', 'crc32-3:AAAAAA=='],
  ])('knows nothing of %s and %s', (prepared, seen) => {
    expect(sameChecksum(prepared, seen)).toBe('unknown');
  });
});
