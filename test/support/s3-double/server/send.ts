import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Answer } from '../exchange.js';
import type { Refusal } from '../refusal.js';
import type { Target } from './target.js';
import { errorDocument } from '../xml.js';

/** One request's two ends. */
export interface Connection {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly now: Date;
}

/** The answer to a refused request: what AWS says, in AWS's form. */
export function refusalAnswer(refusal: Refusal, target: Target | null): Answer {
  return errorAnswer(refusal, {
    status: refusal.status,
    headers: refusal.headers,
    fields: { ...refusal.fields, Resource: resourceOf(target) },
  });
}

/** An error in the form of S3. */
export function errorAnswer(
  error: { readonly code: string; readonly message: string },
  rest: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly fields?: Readonly<Record<string, string>>;
  },
): Answer {
  const fields = { ...rest.fields, RequestId: randomUUID() };
  return {
    status: rest.status,
    headers: { 'content-type': 'application/xml', ...rest.headers },
    body: errorDocument(error, fields),
  };
}

/** Sends an answer, as fast as the client takes it. Resolves when it is out or the client is gone. */
export async function sendAnswer(connection: Connection, answer: Answer): Promise<void> {
  const { response } = connection;
  writeHead(connection, answer);
  if (!hasBody(connection, answer)) return void response.end();
  for (const chunk of chunksOf(answer)) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

/** Sends half of an answer's body and resets the connection. */
export async function sendHalf(connection: Connection, answer: Answer): Promise<void> {
  const { response } = connection;
  writeHead(connection, answer);
  let left = Math.floor(chunksOf(answer).reduce((total, chunk) => total + chunk.length, 0) / 2);
  for (const chunk of chunksOf(answer)) {
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    // The reset would overtake bytes that have not left the process.
    if (piece.length > 0) await new Promise((resolve) => response.write(piece, resolve));
  }
  reset(connection);
}

/** Resets the connection, so that the client sees ECONNRESET or a closed socket. */
export function reset(connection: Connection): void {
  connection.message.socket.resetAndDestroy();
}

function writeHead(connection: Connection, answer: Answer): void {
  const length = chunksOf(answer).reduce((total, chunk) => total + chunk.length, 0);
  const headers = {
    server: 'AmazonS3',
    date: connection.now.toUTCString(),
    'x-amz-request-id': randomUUID(),
    'x-amz-id-2': randomUUID(),
    'content-length': String(length),
    ...answer.headers,
  };
  const { response } = connection;
  if (answer.status === 204 || answer.status === 304) {
    const { 'content-length': _, ...rest } = headers;
    response.writeHead(answer.status, rest);
  } else {
    response.writeHead(answer.status, headers);
  }
}

function hasBody(connection: Connection, answer: Answer): boolean {
  return connection.message.method !== 'HEAD' && ![204, 304].includes(answer.status);
}

function chunksOf(answer: Answer): readonly Buffer[] {
  return typeof answer.body === 'string' ? [Buffer.from(answer.body)] : answer.body;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function resourceOf(target: Target | null): string {
  return target === null ? '' : decodeURIComponent(target.rawPath);
}
