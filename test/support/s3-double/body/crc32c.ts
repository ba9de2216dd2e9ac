const POLYNOMIAL_REVERSED = 0x82f63b78;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ POLYNOMIAL_REVERSED : value >>> 1;
  }
  return value;
});

/** Castagnoli's CRC of more bytes, which Node does not have. */
export function updateCrc32c(bytes: Buffer, previous: number): number {
  let value = ~previous;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
  return ~value >>> 0;
}
