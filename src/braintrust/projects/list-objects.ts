import { SourceError } from '../../errors/index.js';
import type { OperationOptions, Row } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';

/** What the REST API lists. */
export type ListedKind = 'project' | 'experiment' | 'dataset';

/** An object as the service lists it. */
export interface ListedObject {
  readonly id: string;
  readonly name: string;
  /** All that the service says of it. */
  readonly members: Row;
}

export interface ObjectList {
  /** Newest first, as the service lists them. */
  readonly objects: readonly ListedObject[];
  /** The plane's clock when it answered first: what was made after it may be missing. */
  readonly planeNow: Date | null;
}

/** The most that the service is known to list at a time. */
const PAGE_OBJECTS = 1_000;
const OBJECTS_MAX = 100_000;

/**
 * Lists the live objects of one kind, page by page until a page is empty.
 * @param parameters narrow the list, such as `{ project_id }`.
 * @throws SourceError as `client.get` does; `SOURCE_PROTOCOL` for a list that repeats itself or is no list;
 *   `LIMIT_EXCEEDED` for more than 100,000 objects.
 */
export async function listObjects(
  client: BraintrustClient,
  what: { readonly kind: ListedKind; readonly parameters?: Readonly<Record<string, string>> },
  operation: OperationOptions,
): Promise<ObjectList> {
  const found = new Map<string, ListedObject>();
  let planeNow: Date | null | undefined;
  for (let after: string | undefined; ;) {
    const path = pathOf(what.kind, { ...what.parameters, after });
    const answer = await client.get(path, operation);
    planeNow ??= answer.planeNow;
    const page = readPage(answer.value, what.kind);
    if (page.length === 0) break;
    for (const object of page) {
      if (found.has(object.id)) throw listError(what.kind, 'names one twice');
      found.set(object.id, object);
    }
    if (found.size > OBJECTS_MAX) throw tooManyError(what.kind);
    after = page.at(-1)?.id;
  }
  const live = [...found.values()].filter(
    ({ members }) => (members['deleted_at'] ?? null) === null,
  );
  return { objects: live, planeNow: planeNow ?? null };
}

function pathOf(
  kind: ListedKind,
  { after, ...parameters }: Readonly<Record<string, string | undefined>>,
): string {
  const search = new URLSearchParams({ limit: String(PAGE_OBJECTS) });
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) search.set(name, value);
  if (after !== undefined) search.set('starting_after', after);
  return `/v1/${kind}?${search.toString()}`;
}

function readPage(value: unknown, kind: ListedKind): readonly ListedObject[] {
  const objects = isMembers(value) ? value['objects'] : undefined;
  if (!Array.isArray(objects)) throw listError(kind, 'has no `objects`');
  return objects.map((members: unknown) => {
    if (!isMembers(members)) throw listError(kind, 'holds something that is no object');
    const { id, name } = members;
    if (typeof id !== 'string' || id === '') throw listError(kind, 'holds one without `id`');
    if (typeof name !== 'string') throw listError(kind, 'holds one without `name`');
    return { id, name, members };
  });
}

function isMembers(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listError(kind: ListedKind, what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust's list of ${kind}s ${what}.`, {
    remedy: 'Nothing of it was used. Check `apiUrl` and what stands between here and there.',
  });
}

function tooManyError(kind: ListedKind): SourceError {
  return new SourceError('LIMIT_EXCEEDED', `There are more than ${OBJECTS_MAX} ${kind}s to list.`, {
    remedy: `Name projects, or the ${kind}s themselves by their ids.`,
  });
}
