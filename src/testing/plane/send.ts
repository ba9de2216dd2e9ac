import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import type { Answer } from './exchange.js';
import type { PlaneFault } from './faults.js';
import type { Refusal } from './refusal.js';

/** The two ends of one connection's request. */
export interface Connection {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Writes an answer as it is. */
export function send({ response }: Connection, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length });
  response.end(answer.body);
}

/** Compresses the body when the client asked for it. */
export function compressed(answer: Answer, { request }: Connection): Answer {
  const accepted = request.headers['accept-encoding'] ?? '';
  if (!/\bgzip\b/iu.test(accepted) || answer.body.length === 0) return answer;
  return {
    ...answer,
    headers: { ...answer.headers, 'Content-Encoding': 'gzip' },
    body: gzipSync(answer.body, { level: 1 }),
  };
}

/** The answer with other bytes. */
export function rewritten(answer: Answer, rewrite: (body: Buffer) => Uint8Array): Answer {
  return { ...answer, body: Buffer.from(rewrite(answer.body)) };
}

/** Closes the connection as a crashed peer would. */
export function reset({ request }: Connection): void {
  request.socket.resetAndDestroy();
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  413: 'PayloadTooLarge',
  500: 'InternalServerError',
  501: 'NotImplemented',
  504: 'GatewayTimeout',
};
const GATEWAY_MESSAGES: Readonly<Record<number, string>> = {
  429: 'Rate limit exceeded',
  502: 'Internal server error',
  503: 'Service Unavailable',
  504: 'Endpoint request timed out',
};

/** The body that comes with an error status. */
export function errorAnswer(
  status: number,
  path: string,
  options: { readonly message?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Answer {
  const gateway = GATEWAY_MESSAGES[status];
  const body =
    gateway === undefined || options.message !== undefined
      ? {
          Code: CODES[status] ?? `Error${status}`,
          ...(options.message === undefined ? {} : { Message: options.message }),
          Path: path,
          Service: 'api',
        }
      : { message: gateway };
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...options.headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** The answer to a request that was refused. */
export function refusalAnswer(refusal: Refusal, path: string): Answer {
  const { status, message, headers, form } = refusal;
  if (form === 'json') return errorAnswer(status, path, { message, headers });
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(message),
  };
}

const HTML_PAGE = '<!DOCTYPE html><html><body><h1>403 Forbidden</h1></body></html>';

/** The answer that a fault puts in place of the real one, or `null` when the fault works otherwise. */
export function faultAnswer(fault: PlaneFault, path: string): Answer | null {
  switch (fault.kind) {
    case 'status': {
      const seconds = fault.retryAfterSeconds;
      const headers = seconds === undefined ? {} : { 'Retry-After': String(seconds) };
      return errorAnswer(fault.status, path, { headers });
    }
    case 'html-403':
      return {
        status: 403,
        headers: { 'Content-Type': 'text/html' },
        body: Buffer.from(HTML_PAGE),
      };
    case 'wrong-shape':
      return {
        status: 200,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from('{"rows":7}'),
      };
    case 'reset':
    case 'lost-answer':
    case 'cut':
    case 'rewrite':
    case 'gzip-without-header':
    case 'without-length':
      break;
  }
  return null;
}

/** Sends the real answer in the way the fault says. */
export function sendFaulty(connection: Connection, answer: Answer, fault: PlaneFault): void {
  if (fault.kind === 'lost-answer') reset(connection);
  else if (fault.kind === 'cut') sendHalf(connection, answer, fault.declared);
  else if (fault.kind === 'gzip-without-header')
    send(connection, { ...answer, body: gzipSync(answer.body) });
  else if (fault.kind === 'without-length') sendWithoutLength(connection, answer);
  else send(connection, answer);
}

function sendHalf(connection: Connection, answer: Answer, declared: 'full' | 'half'): void {
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  if (declared === 'half') {
    send(connection, { ...answer, body: half });
    return;
  }
  const { request, response } = connection;
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length });
  response.write(half, () => request.socket.destroy());
}

function sendWithoutLength({ response }: Connection, answer: Answer): void {
  response.writeHead(answer.status, answer.headers);
  response.write(answer.body);
  response.end();
}
