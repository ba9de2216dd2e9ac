import { createHash } from 'node:crypto';

import { assert } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import type { CursorParts, ReadState } from './cursor-listing.js';
import { damaged, list, positionParts, readPosition, second, text } from './cursor-values.js';
import type { ScanRange } from './records-query.js';
import type { ObjectProgress, RecordsState } from './records-state.js';

/** Most objects that fit a cursor of 48 KiB by their digests, with room for all else that it holds. */
export const DIGESTED_OBJECTS_MAX = 4_500;

/** 48 bits in base64url. */
const DIGEST_CHARACTERS = 8;
/** Stands before the digest of an object that is in a cursor and not among those that are known. */
const UNKNOWN = '\0';

type Entry = readonly [id: string, progress: ObjectProgress];

/**
 * Writes the first 48 bits of each id's SHA-256 instead of the id. Objects are groups `[start, end, digests]`,
 * and `[end, digests]` for those set aside; windows are `[from, until, groups, position]`, and the groups of their
 * objects stand nowhere else. Of objects set aside only as many stay as there is room for, the latest first.
 */
export function digestedParts(state: RecordsState): CursorParts {
  const inWindow = new Set(state.windows.flatMap((window) => window.objectIds));
  const free = [...state.objects].filter(([id]) => !inWindow.has(id));
  const asked = free.filter(([, { aside }]) => aside === undefined);
  const aside = free.filter(([, progress]) => progress.aside === true);
  const room = Math.max(0, DIGESTED_OBJECTS_MAX - asked.length - inWindow.size);
  const kept = aside.sort(([, left], [, right]) => right.end - left.end).slice(0, room);
  const windows = state.windows.map(({ from, until, objectIds, after }) => {
    const entries = objectIds.map((id): Entry => [id, progressOf(state, id)]);
    return [from, until, groupsOf(entries), positionParts(after)];
  });
  return { objects: groupsOf([...asked, ...kept]), windows };
}

/**
 * Reads them back.
 * @param objectIds those that are known: only of them can a digest be turned into the id.
 */
export function readDigestedParts(
  groups: unknown,
  windows: unknown,
  objectIds: readonly string[],
): ReadState {
  const idByDigest = new Map(objectIds.map((id) => [digestOf(id), id]));
  assert(idByDigest.size === objectIds.length, 'the digests of object ids differ');
  const objects = new Map<string, ObjectProgress>();
  const readGroups = (value: unknown): string[] =>
    list(value).flatMap((group) => {
      const { progress, digests } = readGroup(group);
      const ids = digests.map((digest) => idByDigest.get(digest) ?? UNKNOWN + digest);
      for (const id of ids) objects.set(id, progress);
      return ids;
    });
  const count = readGroups(groups).length;
  const ranges = list(windows).map((window) => readWindow(window, readGroups));
  const inWindows = ranges.reduce((sum, range) => sum + range.objectIds.length, 0);
  if (objects.size !== count + inWindows) throw damaged();
  return { objects, windows: ranges };
}

function readWindow(window: unknown, readGroups: (value: unknown) => string[]): ScanRange {
  const [from, until, groups, after] = list(window);
  const objectIds = readGroups(groups).sort();
  const range = { objectIds, from: second(from), until: second(until), after: readPosition(after) };
  if (objectIds.length === 0 || range.from >= range.until) throw damaged();
  return range;
}

function groupsOf(entries: readonly Entry[]): readonly Json[] {
  const groups = new Map<
    string,
    { readonly head: readonly number[]; readonly digests: string[] }
  >();
  for (const [id, { start, end, aside }] of entries) {
    const head = aside === true ? [end] : [start, end];
    const group = groups.get(head.join(' ')) ?? { head, digests: [] };
    groups.set(head.join(' '), group);
    group.digests.push(digestOf(id));
  }
  return [...groups.values()].map(({ head, digests }) => [...head, digests.sort().join('')]);
}

function readGroup(value: unknown): {
  readonly progress: ObjectProgress;
  readonly digests: readonly string[];
} {
  const numbers = list(value).slice(0, -1).map(second);
  const joined = text(list(value).at(-1));
  const [start = 0, end = start] = numbers;
  const valid = [1, 2].includes(numbers.length) && start <= end && /^([\w-]{8})+$/u.test(joined);
  if (!valid) throw damaged();
  const digests = Array.from({ length: joined.length / DIGEST_CHARACTERS }, (_, index) =>
    joined.slice(index * DIGEST_CHARACTERS, (index + 1) * DIGEST_CHARACTERS),
  );
  return { progress: numbers.length === 1 ? { start, end, aside: true } : { start, end }, digests };
}

function progressOf({ objects }: RecordsState, id: string): ObjectProgress {
  const progress = objects.get(id);
  assert(progress !== undefined, 'each object of a window has a progress');
  return progress;
}

function digestOf(id: string): string {
  if (id.startsWith(UNKNOWN)) return id.slice(UNKNOWN.length);
  return createHash('sha256').update(id).digest('base64url').slice(0, DIGEST_CHARACTERS);
}
