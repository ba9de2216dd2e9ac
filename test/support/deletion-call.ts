import type { WriteCall } from '../../src/braintrust/client/attempt.js';
import { reply } from './scripted-server.js';
import type { Reply } from './scripted-server.js';

export const PATH = '/v1/project_logs/p/insert';

/** A call that deletes one row. */
export const DELETION: WriteCall = {
  method: 'POST',
  path: PATH,
  body: { events: [{ id: 'a', _object_delete: true }] },
};

/** The service's answer to it. */
export const done: Reply = reply(200, '{"row_ids":["a"]}', { 'content-type': 'application/json' });

/** Never answers; tells when the request has arrived and when its connection has ended. */
export function silence(): { reply: Reply; arrived: Promise<void>; closed: Promise<void> } {
  let arrive = (): void => undefined;
  let close = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const closed = new Promise<void>((resolve) => (close = resolve));
  const silent: Reply = (response) => {
    response.on('close', close);
    arrive();
  };
  return { reply: silent, arrived, closed };
}
