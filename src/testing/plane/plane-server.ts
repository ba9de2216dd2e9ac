import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { seededRandom } from '../adapters/seeded-random.js';
import type { ApiKeys } from './access.js';
import type { Answer, Exchange } from './exchange.js';
import type { AnswerFaults } from './faults.js';
import type { PlaneState } from './plane-state.js';
import { randomHex } from './random.js';
import type { Random } from './random.js';
import { Refusal } from './refusal.js';
import type { RequestLimits } from './request-limits.js';
import type { RequestLog } from './request-log.js';
import { route } from './route.js';
import type { RouteContext } from './route.js';
import {
  compressed,
  errorAnswer,
  faultAnswer,
  refusalAnswer,
  reset,
  rewritten,
  send,
  sendFaulty,
} from './send.js';
import type { Connection } from './send.js';

const EXPOSED_HEADERS =
  'x-bt-cursor,x-bt-found-existing,x-bt-query-plan,x-bt-api-duration-ms,x-bt-brainstore-duration-ms,x-bt-internal-trace-id';

/** Starts listening on a free port of the loopback interface. */
export async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  // No timer closes an idle connection under a client that is about to use it again.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The origin of a listening server. */
export function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Closes a server and every connection to it. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

export interface RequestHandlerOptions {
  readonly state: PlaneState;
  readonly apiKeys: ApiKeys;
  readonly faults: AnswerFaults;
  readonly limits: RequestLimits;
  /** A bigger request body is refused with 413. */
  readonly maxRequestBytes: number;
  readonly requests: RequestLog;
  readonly seed: number;
  readonly routeContext: RouteContext;
}

/** Takes a request through access, limits, faults and its endpoint to its answer. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #random: Random;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Handles a request to its end, whatever happens. */
  serve(connection: Connection): void {
    this.#handle(connection).catch((error: unknown) => {
      // A client that went away needs no answer; a mistake of the plane must not look like one of the service.
      if (connection.response.headersSent || connection.request.errored != null) {
        connection.request.socket.destroy();
        return;
      }
      const message = `The data plane failed: ${error instanceof Error ? error.stack : 'unknown'}`;
      send(connection, errorAnswer(599, '', { message }));
    });
  }

  async #handle(connection: Connection): Promise<void> {
    const { request } = connection;
    const { faults, requests } = this.#options;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://plane');
    const record = requests.begin(request, pathname);
    const body = await readBody(request, this.#options.maxRequestBytes);
    if (body === null) {
      record.end(413);
      send(connection, errorAnswer(413, pathname, { message: 'The request is too large.' }));
      return;
    }
    await faults.pass(pathname);
    const fault = faults.take(pathname);
    if (fault?.kind === 'reset') {
      record.end(0);
      reset(connection);
      return;
    }
    this.#setHeaders(connection);
    const planned = fault === null ? null : faultAnswer(fault, pathname);
    const real = planned ?? this.#answer(request, { pathname, searchParams, body });
    const answer = fault?.kind === 'rewrite' ? rewritten(real, fault.rewrite) : real;
    const final = fault?.kind === 'gzip-without-header' ? answer : compressed(answer, connection);
    record.end(fault?.kind === 'lost-answer' ? 0 : final.status);
    if (fault === null) send(connection, final);
    else sendFaulty(connection, final, fault);
  }

  #answer(
    request: IncomingMessage,
    read: {
      readonly pathname: string;
      readonly searchParams: URLSearchParams;
      readonly body: Buffer;
    },
  ): Answer {
    const { state, apiKeys, limits, routeContext } = this.#options;
    const { pathname: path, searchParams: parameters, body } = read;
    try {
      const key = apiKeys.authenticate(request.headers, state.organization.name);
      const method = request.method ?? 'GET';
      const seconds = limits.take(method, path);
      if (seconds > 0)
        return errorAnswer(429, path, { headers: { 'Retry-After': String(seconds) } });
      const exchange: Exchange = { method, path, parameters, headers: request.headers, body, key };
      return route(exchange, routeContext);
    } catch (error) {
      if (error instanceof Refusal) return refusalAnswer(error, path);
      throw error;
    }
  }

  #setHeaders({ response }: Connection): void {
    const now = this.#options.state.now();
    const seconds = Math.floor(now.getTime() / 1000)
      .toString(16)
      .padStart(8, '0');
    response.setHeader('Date', now.toUTCString());
    response.setHeader('vary', 'Origin');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
    response.setHeader('x-amzn-RequestId', this.#options.state.newId());
    response.setHeader('x-bt-api-duration-ms', '1');
    response.setHeader('x-bt-brainstore-duration-ms', '1');
    response.setHeader(
      'x-bt-internal-trace-id',
      `${seconds}00000000${randomHex(this.#random, 16)}`,
    );
  }
}

/** Reads a request's body, or gives `null` when it is too large. It is read to its end either way: else no answer would arrive. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maxBytes ? null : Buffer.concat(chunks);
}
