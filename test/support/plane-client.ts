import type { DataPlane } from 'tracehaul/testing';

/** An answer of the plane, read to its end. */
export interface PlaneReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly data: readonly Record<string, unknown>[];
    readonly cursor?: string;
    readonly [key: string]: unknown;
  };
}

async function readReply(response: Response): Promise<PlaneReply> {
  const text = await response.text();
  const isObject = text.startsWith('{') && text.trimEnd().indexOf('\n') === -1;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isObject ? JSON.parse(text) : { data: [] }) as PlaneReply['body'],
  };
}

/** Posts JSON with a key of the plane. */
export async function postTo(
  plane: DataPlane,
  path: string,
  request: {
    readonly body: unknown;
    readonly key?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<PlaneReply> {
  const response = await fetch(plane.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${request.key ?? plane.apiKey}`,
      'content-type': 'application/json',
      ...request.headers,
    },
    body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body),
  });
  return readReply(response);
}

/** Gets a path with a key of the plane. */
export async function getFrom(plane: DataPlane, path: string, key?: string): Promise<PlaneReply> {
  const headers = { authorization: `Bearer ${key ?? plane.apiKey}` };
  return readReply(await fetch(plane.url + path, { headers }));
}

/** Asks a query. */
export function ask(plane: DataPlane, query: unknown, more: object = {}): Promise<PlaneReply> {
  return postTo(plane, '/btql', { body: { query, ...more } });
}
