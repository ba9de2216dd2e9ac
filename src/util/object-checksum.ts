/** What two checksums say of each other: `unknown` when they have no item in common. */
export type ChecksumMatch = 'same' | 'different' | 'unknown';

/**
 * Compares what `prepare` told of an object with what `head` tells now. The first item of the prepared one whose name
 * is in both decides: sinks put the best first. A text without a name is an item with an empty one.
 */
export function sameChecksum(
  prepared: string | null | undefined,
  seen: string | null | undefined,
): ChecksumMatch {
  const now = itemsOf(seen);
  for (const [name, value] of itemsOf(prepared)) {
    const other = now.get(name);
    if (other !== undefined) return other === value ? 'same' : 'different';
  }
  return 'unknown';
}

function itemsOf(checksum: string | null | undefined): ReadonlyMap<string, string> {
  const items = (checksum ?? '').split(' ').filter((item) => item !== '');
  return new Map(
    items.map((item) => {
      const colon = item.indexOf(':');
      return [item.slice(0, Math.max(colon, 0)), item.slice(colon + 1)];
    }),
  );
}
