import { braintrustClient } from '../../src/entries/braintrust.js';
import type { Measuring } from './retention-host.js';

const REQUESTS_PER_MINUTE = 20;
const PAGE_ROWS = 1_000;
const KEEP_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * What one would write by hand: ask for the ids of old rows, delete them, ask again until there are none. It reads
 * nothing anew, proves nothing, leaves no receipt, and cuts traces.
 */
export async function plainLoop({
  rows,
  address,
  clock,
  requests,
  gone,
  begin,
}: Measuring): Promise<null> {
  const { url: apiUrl, apiKey, projectId } = address;
  const client = braintrustClient({
    apiUrl,
    apiKey,
    requestsPerMinute: REQUESTS_PER_MINUTE,
    runtime: clock,
    fetch: requests.fetch,
  });
  const cutoff = new Date(clock.now().getTime() - KEEP_DAYS * DAY_MS).toISOString();
  const query =
    `select: id | from: project_logs('${projectId}') spans | filter: created < '${cutoff}'` +
    ` | sort: _xact_id asc | limit: ${PAGE_ROWS}`;
  begin();
  let deleted = 0;
  for (;;) {
    const answer = await requests.during('scan', () => client.query(query));
    const ids = answer.rows.objects().map(({ id }) => id as string);
    if (ids.length === 0) break;
    const events = ids.map((id) => ({ id, _object_delete: true }));
    const path = `/v1/project_logs/${projectId}/insert`;
    await requests.during('delete', () => client.send({ method: 'POST', path, body: { events } }));
    deleted += ids.length;
    gone(ids.length);
  }
  if (deleted !== rows) throw new Error(`${deleted} rows were deleted, not ${rows}.`);
  return null;
}
