/** One step of a path, from a value to values inside of it. */
export type PathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'any-key' }
  | { readonly kind: 'any-item' }
  /** Any number of levels of objects and arrays, none included. */
  | { readonly kind: 'any-depth' };

export type RedactionPath = readonly PathStep[];

/**
 * Where in a path a value may stand: bit `n` is set when `n` steps have been taken. A path with wildcards may be in
 * several places at once.
 */
export type PathPlaces = number;

/** As many as places have bits, one of them for the end. */
export const STEPS_MAX = 30;

/** `key`, `*` or `**`, with a dot in front but for the first; or `["key"]`, `[*]`, `[7]`. */
const STEP = /^(?:(\.?)(?:(\*\*?)|([^.[\]"\s*]+))|\[(?:(\*)|(\d{1,9})|("(?:[^"\\]|\\.)*"))\])/;

/** The steps of a path such as `input[*].content`, or `null` when the text is none. */
export function parseRedactionPath(text: string): RedactionPath | null {
  const steps: PathStep[] = [];
  let rest = text;
  while (rest !== '') {
    const found = STEP.exec(rest);
    const step = found === null ? null : stepOf(found, steps.length === 0);
    if (found === null || step === null) return null;
    steps.push(step);
    rest = rest.slice(found[0].length);
  }
  return steps.length === 0 || steps.length > STEPS_MAX ? null : steps;
}

function stepOf(found: RegExpExecArray, isFirst: boolean): PathStep | null {
  const [, dot, wildcard, key, anyItem, index, quoted] = found;
  if (dot !== undefined && (dot === '') !== isFirst) return null;
  if (wildcard !== undefined) return { kind: wildcard === '*' ? 'any-key' : 'any-depth' };
  if (key !== undefined) return { kind: 'key', key };
  if (anyItem !== undefined) return { kind: 'any-item' };
  if (index !== undefined) return { kind: 'item', index: Number(index) };
  try {
    return { kind: 'key', key: JSON.parse(quoted as string) as string };
  } catch {
    // The regular expression lets some text through that is no JSON, such as unknown escapes.
    return null;
  }
}

/** The places before any step is taken. */
export function firstPlaces(path: RedactionPath): PathPlaces {
  return withSkips(path, 1);
}

/** The places after one more step to a member or an item; 0 when the path does not lead there. */
export function nextPlaces(
  path: RedactionPath,
  places: PathPlaces,
  to: string | number,
): PathPlaces {
  let next = 0;
  for (const [index, step] of path.entries()) {
    if (((places >>> index) & 1) === 0) continue;
    if (step.kind === 'any-depth') next |= 1 << index;
    else if (leadsTo(step, to)) next |= 1 << (index + 1);
  }
  return withSkips(path, next);
}

/** Whether the path ends here. */
export function isAtEnd(path: RedactionPath, places: PathPlaces): boolean {
  return ((places >>> path.length) & 1) === 1;
}

function leadsTo(step: PathStep, to: string | number): boolean {
  if (step.kind === 'key') return step.key === to;
  if (step.kind === 'item') return step.index === to;
  return step.kind === (typeof to === 'string' ? 'any-key' : 'any-item');
}

/** Any depth may be no depth at all. */
function withSkips(path: RedactionPath, places: PathPlaces): PathPlaces {
  let reached = places;
  for (const [index, step] of path.entries()) {
    if (step.kind === 'any-depth' && ((reached >>> index) & 1) === 1) reached |= 1 << (index + 1);
  }
  return reached;
}
