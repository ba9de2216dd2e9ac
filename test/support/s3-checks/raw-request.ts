import { request as httpRequest } from 'node:http';

import { sha256, signingTime, signRequest, type Signer } from './sign.js';

/** A request as it goes over the wire. Signed by the server's owner, now, unless it says otherwise. */
export interface RawRequest {
  readonly method: string;
  /** From the root of the server, percent-encoded: `/bucket/key`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Beside the ones that signing needs, or in their place. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What the signature says of the body. @defaultValue the SHA-256 of `body` */
  readonly payload?: string;
  /** False sends no signature at all. @defaultValue true */
  readonly signed?: boolean;
  /** @defaultValue now */
  readonly date?: Date;
  /** @defaultValue the server's own */
  readonly region?: string;
  /** Makes the body from the signature of the headers; for signed streams. */
  readonly bodyOf?: (signer: Signer, signature: string) => Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The `Code` of an error answer, or an empty text. */
  readonly code: string;
}

interface Server {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Signer['credentials'];
}

/** Most time that a request may take, in milliseconds. */
const REQUEST_LIMIT_MS = 20_000;

/** Sends one request on a connection of its own. */
export async function sendRequest(server: Server, request: RawRequest): Promise<RawAnswer> {
  const { headers, body } = dress(server, request);
  const query = new URLSearchParams(request.query).toString().replaceAll('+', '%20');
  const url = new URL(server.endpoint);
  return await new Promise<RawAnswer>((resolve, reject) => {
    const sent = httpRequest({
      host: url.hostname,
      port: url.port,
      method: request.method,
      path: query === '' ? request.path : `${request.path}?${query}`,
      headers,
      agent: false,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('error', reject);
      answer.once('end', () => {
        const content = Buffer.concat(pieces);
        const code = /<Code>([^<]*)<\/Code>/.exec(content.toString())?.[1] ?? '';
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: content,
          code,
        });
      });
    });
    sent.end(body);
  });
}

function dress(
  server: Server,
  request: RawRequest,
): { readonly headers: Record<string, string>; readonly body: Uint8Array } {
  const body = request.body ?? Buffer.alloc(0);
  const payload = request.payload ?? sha256(body);
  const date = request.date ?? new Date();
  const length: Record<string, string> =
    request.bodyOf === undefined ? { 'content-length': `${body.length}` } : {};
  const plain = { host: new URL(server.endpoint).host, ...length, ...request.headers };
  if (request.signed === false) return { headers: plain, body };
  const headers = {
    'x-amz-date': signingTime(date),
    'x-amz-content-sha256': payload,
    ...plain,
  };
  const signer = {
    region: request.region ?? server.region,
    credentials: server.credentials,
    date,
  };
  const { authorization, signature } = signRequest(signer, {
    method: request.method,
    path: request.path,
    query: new URLSearchParams(request.query),
    headers,
    payload,
  });
  return {
    headers: { ...headers, authorization },
    body: request.bodyOf?.(signer, signature) ?? body,
  };
}
