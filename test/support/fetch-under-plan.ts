import type { FaultPlan } from '../../src/testing/adapters/fault-plan.js';

/** As the clients of this library call it. */
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * The global `fetch` under a plan: `plane.query` or `plane.delete` as effects, each over when its answer is read.
 * @param onDelete is told the ids that a deletion names before it is sent.
 */
export function fetchUnder(
  plan: FaultPlan,
  onDelete: (ids: readonly string[]) => Promise<void>,
): Fetch {
  return async (url, init) => {
    const ids = deletedIds(url, init);
    if (ids !== null) await onDelete(ids);
    return await plan.run({
      name: ids === null ? 'plane.query' : 'plane.delete',
      signal: init.signal ?? undefined,
      call: async (late) => await wholeAnswer(await fetch(url, late ? withoutSignal(init) : init)),
      fault: (message) => new TypeError('fetch failed', { cause: new Error(message) }),
    });
  };
}

function deletedIds(url: string, { body }: RequestInit): readonly string[] | null {
  if (!url.endsWith('/insert') || typeof body !== 'string') return null;
  const { events } = JSON.parse(body) as { readonly events: readonly { id: string }[] };
  return events.map(({ id }) => id);
}

/** The answer with its body read: what is lost is lost as a whole. */
async function wholeAnswer(response: Response): Promise<Response> {
  const { status, headers } = response;
  return new Response(await response.arrayBuffer(), { status, headers });
}

function withoutSignal({ signal: _signal, ...init }: RequestInit): RequestInit {
  return init;
}
