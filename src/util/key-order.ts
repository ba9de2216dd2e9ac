/** Compares keys as object stores do: by the bytes of their UTF-8 form, not by UTF-16 code units. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
