/** One key: plain, or as a JSON string in brackets. */
const FIRST_KEY = /^(?:([^.[\]"\s]+)|\[("(?:[^"\\]|\\.)*")\])/;
const NEXT_KEY = /^(?:\.([^.[\]"\s]+)|\[("(?:[^"\\]|\\.)*")\])/;

/**
 * The keys of a path such as `metadata.model` or `metadata["my.key"]`, from the outside in, or `null` when
 * the text is no path.
 */
export function parseColumnPath(text: string): readonly string[] | null {
  const keys: string[] = [];
  let rest = text;
  do {
    const found = (keys.length === 0 ? FIRST_KEY : NEXT_KEY).exec(rest);
    const key = found === null ? null : (found[1] ?? unquoted(found[2] as string));
    if (found === null || key === null) return null;
    keys.push(key);
    rest = rest.slice(found[0].length);
  } while (rest !== '');
  return keys;
}

function unquoted(text: string): string | null {
  try {
    return JSON.parse(text) as string;
  } catch {
    // The regular expression lets some text through that is no JSON, such as unknown escapes.
    return null;
  }
}

/** The keys of a path that a host gave as text or key by key, or `null` when it is neither. */
export function readColumnPath(path: unknown): readonly string[] | null {
  const keys = typeof path === 'string' ? parseColumnPath(path) : path;
  const isPath =
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key) => typeof key === 'string' && key.isWellFormed());
  return isPath ? (keys as readonly string[]) : null;
}
