import { createHash, createHmac } from 'node:crypto';

import type { Target } from '../server/target.js';

/** What a signature covers besides the body. */
export interface SignedScope {
  readonly accessKeyId: string;
  /** yyyymmdd */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** Everything that a version 4 signature is computed from. */
export interface SignatureInput {
  readonly target: Target;
  readonly scope: SignedScope;
  readonly signedHeaders: readonly string[];
  /** yyyymmddThhmmssZ */
  readonly time: string;
  readonly payloadHash: string;
}

/** The signature that the request should carry, in hex. */
export function expectedSignature(input: SignatureInput, signingKey: Buffer): string {
  const text = [
    'AWS4-HMAC-SHA256',
    input.time,
    scopeText(input.scope),
    sha256Hex(canonicalRequest(input)),
  ].join('\n');
  return hmac(signingKey, text).toString('hex');
}

/** The key of one secret, day, region and service. */
export function signingKeyOf(secret: string, scope: SignedScope): Buffer {
  const day = hmac(`AWS4${secret}`, scope.day);
  return hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request');
}

export function scopeText(scope: SignedScope): string {
  return `${scope.day}/${scope.region}/${scope.service}/aws4_request`;
}

export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function canonicalRequest(input: SignatureInput): string {
  const { target } = input;
  const headers = input.signedHeaders.map(
    (name) => `${name}:${(target.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  return [
    target.method,
    target.rawPath.split('/').map(reencode).join('/'),
    canonicalQuery(target),
    headers.join(''),
    input.signedHeaders.join(';'),
    input.payloadHash,
  ].join('\n');
}

function canonicalQuery(target: Target): string {
  return target.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function reencode(segment: string): string {
  return encode(decodeURIComponent(segment));
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
