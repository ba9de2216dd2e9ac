import type { Row } from '../interfaces/index.js';
import { firstPlaces, isAtEnd, nextPlaces } from './redaction-path.js';
import type { PathPlaces, RedactionPath } from './redaction-path.js';
import type { Replacement } from './replacement.js';
import { jsonForm, rewriteMembers, rewriteStrings } from './rewrite.js';
import type { Rewrite } from './rewrite.js';

/** Top-level members by which rows are told apart and joined. No rule reaches them. */
export const IDENTITY_FIELDS: readonly string[] = [
  'id',
  '_xact_id',
  '_pagination_key',
  'created',
  'org_id',
  'project_id',
  'experiment_id',
  'dataset_id',
  'log_id',
  'root_span_id',
  'span_id',
  'span_parents',
  'is_root',
];

/** One rule, read and checked. */
export interface Redaction {
  readonly paths: readonly RedactionPath[];
  /** Global, each; none for rules that replace whole values. */
  readonly patterns: readonly RegExp[];
  readonly replacement: Replacement;
  /** Longer strings are not searched, but replaced whole. */
  readonly maxTextLength: number;
}

/** A copy of the row with the rule applied, or the row itself when nothing in it is to be redacted. */
export function applyRedaction(row: Row, redaction: Redaction): Row {
  const { paths, patterns } = redaction;
  const rewrite: Rewrite =
    patterns.length === 0
      ? (value) => replaceValue(value, redaction)
      : (value) => rewriteStrings(value, (text) => replaceMatches(text, redaction));
  const first = paths.map(firstPlaces);
  const redacted = rewriteMembers(row, (value, key) =>
    IDENTITY_FIELDS.includes(String(key))
      ? value
      : follow(value, { paths, places: step(paths, first, key) }, rewrite),
  );
  return redacted as Row;
}

/** Where a value stands in each of the paths. */
interface Whereabouts {
  readonly paths: readonly RedactionPath[];
  readonly places: readonly PathPlaces[];
}

function follow(value: unknown, { paths, places }: Whereabouts, rewrite: Rewrite): unknown {
  if (places.every((place) => place === 0)) return value;
  if (paths.some((path, index) => isAtEnd(path, places[index] as PathPlaces)))
    return rewrite(value);
  const plain = jsonForm(value);
  const followed = rewriteMembers(plain, (member, key) =>
    follow(member, { paths, places: step(paths, places, key) }, rewrite),
  );
  return followed === plain ? value : followed;
}

function step(
  paths: readonly RedactionPath[],
  places: readonly PathPlaces[],
  to: string | number,
): readonly PathPlaces[] {
  return paths.map((path, index) => nextPlaces(path, places[index] as PathPlaces, to));
}

/** Null says nothing, and stays. */
function replaceValue(value: unknown, { replacement }: Redaction): unknown {
  const plain = jsonForm(value);
  if (plain === null || plain === undefined) return plain;
  return replacement.whole(typeof plain === 'string' ? plain : JSON.stringify(plain));
}

function replaceMatches(
  text: string,
  { patterns, replacement, maxTextLength }: Redaction,
): string | undefined {
  if (text.length > maxTextLength) return replacement.whole(text);
  let redacted = text;
  for (const pattern of patterns) {
    // A match without characters hides nothing.
    redacted = redacted.replace(pattern, (match: string) =>
      match === '' ? '' : replacement.part(match),
    );
  }
  return redacted;
}
