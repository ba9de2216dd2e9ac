/** What takes the place of a value; `undefined` removes it from its object or array. */
export type Rewrite = (value: unknown) => unknown;

/** The same for one member or item, by its key or index. */
export type RewriteMember = (value: unknown, key: string | number) => unknown;

/**
 * A copy of an object or array with its members rewritten, or the very same when nothing changes. Never changes what
 * it is given. Other values have no members, and stay.
 */
export function rewriteMembers(value: unknown, rewrite: RewriteMember): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value)
    ? rewriteItems(value as readonly unknown[], rewrite)
    : rewriteObject(value, rewrite);
}

function rewriteItems(items: readonly unknown[], rewrite: RewriteMember): readonly unknown[] {
  const rewritten = items.map((item, index) => rewrite(item, index));
  if (rewritten.every((item, index) => Object.is(item, items[index]))) return items;
  return rewritten.filter((item) => item !== undefined);
}

function rewriteObject(value: object, rewrite: RewriteMember): object {
  let isChanged = false;
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const rewritten = rewrite(member, key);
    isChanged ||= !Object.is(rewritten, member);
    if (rewritten !== undefined) members.push([key, rewritten]);
  }
  return isChanged ? Object.fromEntries(members) : value;
}

/** Rewrites every string in a value, however deep. */
export function rewriteStrings(value: unknown, rewrite: (text: string) => unknown): unknown {
  const plain = jsonForm(value);
  if (typeof plain === 'string') return rewrite(plain);
  const rewritten = rewriteMembers(plain, (member) => rewriteStrings(member, rewrite));
  return rewritten === plain ? value : rewritten;
}

/** What JSON makes of a value that says so itself, such as a Date. */
export function jsonForm(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value, '') as unknown) : value;
}
