import type { Json } from '../../interfaces/index.js';

/** The source whose rows prove those of a target. */
export interface ProvingSource {
  readonly name: string;
  readonly apiUrl: string;
}

/**
 * Why rows of a source do not prove those that a target deletes, as a clause; `null` when they do: it must give
 * every row whole, from the beginning, from the same place.
 * @param source its `name` and `identity`.
 */
export function sourceProblem(source: Json, proving: ProvingSource): string | null {
  const { name, identity } = membersOf(source);
  if (name !== proving.name) return `is not \`${proving.name}\``;
  const { apiUrl, filter, columns, from, version } = membersOf(identity);
  if (apiUrl !== proving.apiUrl) return `reads from another \`apiUrl\` than ${proving.apiUrl}`;
  if (filter !== null) return 'reads with a `filter`';
  if (columns !== null) return 'reads some `columns` only';
  if (from !== 0) return 'does not read `from` the beginning';
  return (version ?? null) === null ? null : 'reads what was there at a `version`';
}

function membersOf(value: Json | undefined): { readonly [name: string]: Json } {
  const isMembers = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMembers ? (value as { readonly [name: string]: Json }) : {};
}
