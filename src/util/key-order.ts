/** From here on UTF-16 code units may be in another order than the bytes of UTF-8. */
const SURROGATES_BEGIN = 0xd800;

/** Compares keys as object stores do: by the bytes of their UTF-8 form, not by UTF-16 code units. */
export function compareKeys(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const unit = left.charCodeAt(index);
    const other = right.charCodeAt(index);
    if (unit === other) continue;
    if (unit < SURROGATES_BEGIN && other < SURROGATES_BEGIN) return unit - other;
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return left.length - right.length;
}
