import type { Fetch } from '../../src/braintrust/client/follow-redirects.js';

/** What of the listed objects a test may say otherwise. */
export interface ListedChange {
  readonly name?: string;
  readonly [member: string]: unknown;
}

/**
 * A `fetch` that lets a test rename objects, or change whatever else lists say of them, by their ids. All goes over
 * HTTP; only answers to lists are rewritten.
 */
export function relistingFetch(changes: ReadonlyMap<string, ListedChange>): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!/\/v1\/\w+\?/u.test(url) || response.status !== 200) return response;
    const { objects } = (await response.json()) as { objects: { id: string }[] };
    const changed = objects.map((object) => ({ ...object, ...changes.get(object.id) }));
    const { status, headers } = response;
    const kept = new Headers(headers);
    for (const name of ['content-length', 'content-encoding']) kept.delete(name);
    return new Response(JSON.stringify({ objects: changed }), { status, headers: kept });
  };
}
