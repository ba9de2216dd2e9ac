import { snappyUncompress } from 'hyparquet';
import { describe, expect, it } from 'vitest';

import { parseColumnPath } from '../../../src/encoders/columns/column-path.js';
import { addHybrid, bitWidth } from '../../../src/encoders/parquet/file/levels.js';
import { snappyCompress } from '../../../src/encoders/parquet/file/snappy.js';
import { ThriftWriter } from '../../../src/encoders/parquet/file/thrift.js';
import { GrowingBytes } from '../../../src/encoders/parquet/growing-bytes.js';
import { seededRandom } from '../../../src/testing/adapters/seeded-random.js';

const SEED = 20261121;

describe('parseColumnPath', () => {
  it.each<[string, readonly string[] | null]>([
    ['id', ['id']],
    ['metadata.model', ['metadata', 'model']],
    ['metadata["my.key"]', ['metadata', 'my.key']],
    [String.raw`["a\"b"].c["\u00e9"]`, ['a"b', 'c', 'é']],
    ['scores.Is it good?', null],
    ['scores["Is it good?"]', ['scores', 'Is it good?']],
    ['', null],
    ['.a', null],
    ['a.', null],
    ['a..b', null],
    ['a[0]', null],
    ['a["b"', null],
    [String.raw`a["\x"]`, null],
    ['a["b"]c', null],
  ])('%s', (text, expected) => {
    expect(parseColumnPath(text)).toEqual(expected);
  });
});

/** Reads the hybrid encoding as the format describes it. */
function readHybrid(bytes: Uint8Array, width: number, count: number): number[] {
  const numbers: number[] = [];
  let at = 0;
  while (numbers.length < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if ((header & 1) === 0) {
      const valueBytes = Math.ceil(width / 8);
      const value = Buffer.from(bytes).readUIntLE(at, valueBytes);
      at += valueBytes;
      numbers.push(...Array.from({ length: header >> 1 }, () => value));
      continue;
    }
    for (let bit = 0; bit < (header >> 1) * 8 * width; bit += width) {
      let value = 0;
      for (let place = 0; place < width; place += 1) {
        const from = bit + place;
        value |= (((bytes[at + (from >> 3)] as number) >> (from & 7)) & 1) << place;
      }
      numbers.push(value);
    }
    at += (header >> 1) * width;
  }
  expect(at).toBe(bytes.length);
  return numbers.slice(0, count);
}

describe('addHybrid', () => {
  it('writes runs and bits that read back, at every width', () => {
    const random = seededRandom(SEED);
    for (let width = 1; width <= 16; width += 1) {
      for (let round = 0; round < 40; round += 1) {
        const numbers: number[] = [];
        while (numbers.length < 200) {
          const value = Math.floor(random() * 2 ** width);
          const run = random() < 0.5 ? 1 : Math.ceil(random() * 30);
          numbers.push(...Array.from({ length: run }, () => value));
        }
        const count = Math.ceil(random() * numbers.length);
        const target = new GrowingBytes();
        addHybrid(target, Uint16Array.from(numbers.slice(0, count)), width);
        const read = readHybrid(target.filled(), width, count);
        expect(read, `seed ${SEED}, width ${width}, round ${round}`).toEqual(
          numbers.slice(0, count),
        );
      }
    }
  });

  it('takes a few bytes for a million equal levels', () => {
    const target = new GrowingBytes();
    addHybrid(target, new Uint8Array(1_000_000).fill(1), 1);
    expect(target.length).toBeLessThan(6);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [65_535, 16],
  ])('needs for numbers up to %i %i bits', (max, width) => {
    expect(bitWidth(max)).toBe(width);
  });
});

describe('snappyCompress', () => {
  const texts: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(7)],
    ['short literals', Buffer.from('abcdefgh')],
    ['one long run', new Uint8Array(200_000)],
    ['words', Buffer.from('the quick brown fox jumps '.repeat(9_000))],
    ['noise', noise(150_000)],
    ['noise and repetition', Buffer.concat([noise(70_000), noise(70_000), noise(300)])],
  ];

  it.each(texts)('reads back: %s', (_, bytes) => {
    const output = new Uint8Array(bytes.length);
    const compressed = snappyCompress(bytes);
    if (bytes.length > 0) snappyUncompress(compressed, output);
    expect(Buffer.compare(output, bytes)).toBe(0);
    expect(compressed.length).toBeLessThanOrEqual(32 + bytes.length + bytes.length / 6);
  });

  it('makes text smaller', () => {
    const words = Buffer.from('the quick brown fox jumps '.repeat(9_000));
    expect(snappyCompress(words).length).toBeLessThan(words.length / 10);
  });

  it('reads back texts of any mixture', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 200; round += 1) {
      const parts: Uint8Array[] = [];
      const alphabet = 1 + Math.floor(random() * 20);
      for (let part = 0; part < 20; part += 1) {
        const size = Math.floor(random() * 4000 * random());
        parts.push(Uint8Array.from({ length: size }, () => Math.floor(random() * alphabet)));
        const [earlier] = parts;
        if (earlier !== undefined && random() < 0.5) parts.push(earlier);
      }
      const bytes = Buffer.concat(parts);
      const output = new Uint8Array(bytes.length);
      if (bytes.length > 0) snappyUncompress(snappyCompress(bytes), output);
      expect(Buffer.compare(output, bytes), `seed ${SEED}, round ${round}`).toBe(0);
    }
  });

  function noise(size: number): Uint8Array {
    const random = seededRandom(SEED);
    return Uint8Array.from({ length: size }, () => random() * 256);
  }
});

describe('ThriftWriter', () => {
  it('writes the compact protocol byte by byte', () => {
    const thrift = new ThriftWriter();
    thrift.i32(1, -1);
    thrift.i64(3, 2 ** 40);
    thrift.boolean(4, true);
    thrift.binary(5, 'é');
    thrift.struct(7, () => thrift.i32(2, 64));
    thrift.strings(8, ['a', '']);
    thrift.structs(9, [1], (item) => thrift.i32(1, item));
    const bytes = [
      [0x15, 0x01],
      [0x26, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
      [0x11],
      [0x18, 0x02, 0xc3, 0xa9],
      [0x2c, 0x25, 0x80, 0x01, 0x00],
      [0x19, 0x28, 0x01, 0x61, 0x00],
      [0x19, 0x1c, 0x15, 0x02, 0x00],
      [0x00],
    ];
    expect([...thrift.finish()]).toEqual(bytes.flat());
  });

  it('writes the length of long lists behind their head', () => {
    const thrift = new ThriftWriter();
    thrift.i32s(
      1,
      Array.from({ length: 15 }, () => 0),
    );
    expect([...thrift.finish()]).toEqual([
      0x19,
      0xf5,
      15,
      ...Array.from({ length: 15 }, () => 0),
      0,
    ]);
  });
});
