import type { IncomingMessage } from 'node:http';

import { Refusal } from '../refusal.js';

const KEY_BYTES_MAX = 1024;

/** What a request is about, decoded once. */
export interface Target {
  readonly method: string;
  /** Path as sent, still encoded, without the query. */
  readonly rawPath: string;
  readonly bucket: string | null;
  readonly key: string | null;
  /** Decoded, in the order of the request. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Finds bucket and key in path style, or in virtual-host style under `.localhost`. */
export function readTarget(message: IncomingMessage): Target {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? [] : readQuery(url.slice(mark + 1));
  const headers = readHeaders(message.rawHeaders);
  const path = decode(rawPath).slice(1);
  const hostBucket = bucketOfHost(headers['host'] ?? '');
  const [bucket, key] = hostBucket === null ? splitPath(path) : [hostBucket, path];
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new Refusal('KeyTooLongError', 'Your key is too long');
  }
  const method = message.method ?? '';
  return { method, rawPath, query, headers, bucket: bucket || null, key: key || null };
}

/** The value of a query parameter, or null. */
export function queryValue(target: Target, name: string): string | null {
  return target.query.find(([each]) => each === name)?.[1] ?? null;
}

function splitPath(path: string): readonly [string, string] {
  const slash = path.indexOf('/');
  return slash === -1 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
}

function bucketOfHost(host: string): string | null {
  return /^([a-z0-9.-]+)\.localhost(?::\d+)?$/i.exec(host)?.[1]?.toLowerCase() ?? null;
}

function readQuery(text: string): (readonly [string, string])[] {
  return text
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const equals = piece.indexOf('=');
      if (equals === -1) return [decode(piece), ''];
      return [decode(piece.slice(0, equals)), decode(piece.slice(equals + 1))];
    });
}

function readHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal('InvalidURI', "Couldn't parse the specified URI.");
  }
}
