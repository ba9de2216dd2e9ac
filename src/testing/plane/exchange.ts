import type { IncomingHttpHeaders } from 'node:http';

import type { ApiKey } from './access.js';
import { formError } from './query/read-ast.js';
import { badRequest } from './refusal.js';

/** One request, read to its end and allowed in. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly key: ApiKey;
}

/** What goes back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer in JSON. */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** An answer in plain text. */
export function textAnswer(text: string, status: number): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: Buffer.from(text),
  };
}

/** The body as a JSON object. */
export function readJsonObject({ body }: Pick<Exchange, 'body'>): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    // The parser's message would show a piece of the body.
    throw badRequest('The request body is not JSON.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw formError([], 'object', value);
}
