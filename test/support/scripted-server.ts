import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers one request; may leave it open. */
export type Reply = (response: ServerResponse, request: ReceivedRequest) => void;

/** An HTTP server on loopback that gives the listed replies in order; the last one from then on. */
export interface ScriptedServer {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
  /** Replaces what is left of the script. */
  script(...replies: readonly Reply[]): void;
  close(): Promise<void>;
}

export async function startScriptedServer(...replies: readonly Reply[]): Promise<ScriptedServer> {
  const received: ReceivedRequest[] = [];
  let left = [...replies];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const entry = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
      };
      received.push(entry);
      const reply = left.length > 1 ? left.shift() : left[0];
      if (reply === undefined) response.writeHead(500).end('nothing is scripted');
      else reply(response, entry);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    script: (...next) => {
      left = [...next];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A reply with a status, a body and headers. */
export function reply(
  status: number,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return (response) => response.writeHead(status, headers).end(body);
}

/** A query's answer with these rows. */
export function rowsReply(rows: readonly object[], rest: object = {}): Reply {
  const body = JSON.stringify({ data: rows, realtime_state: { type: 'on' }, ...rest });
  return reply(200, body, { 'content-type': 'application/json' });
}
