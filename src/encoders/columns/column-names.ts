/**
 * Name of the column for what no other column holds: a JSON object of top-level members, null when there are none.
 * Keys and values are spelt as the source wrote them, in its order, without whitespace around them. Earlier ones
 * of duplicate keys are among them.
 */
export const EXTRA_COLUMN = '_extra';

/** What columns of all formats have. */
interface NamedPath {
  readonly name: string;
  readonly path: readonly string[];
}

/** Tells of names and paths that two columns have. Most readers do not tell names apart by case. */
export function refuseRepeated(
  columns: readonly NamedPath[],
  refuse: (problem: string) => void,
): void {
  const names = new Set([EXTRA_COLUMN]);
  const paths = new Map<string, string>();
  for (const { name, path } of columns) {
    const shown = JSON.stringify(name);
    if (names.has(name.toLowerCase())) refuse(`gives two columns the name ${shown}`);
    names.add(name.toLowerCase());
    const place = JSON.stringify(path);
    const other = paths.get(place);
    if (other !== undefined) refuse(`makes ${shown} of the same path as ${JSON.stringify(other)}`);
    paths.set(place, name);
  }
}
