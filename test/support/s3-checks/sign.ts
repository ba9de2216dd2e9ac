import { createHash, createHmac } from 'node:crypto';

/** Whose key signs, and for where. */
export interface Signer {
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly date: Date;
}

export interface RequestToSign {
  readonly method: string;
  /** Already percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** All of them are signed. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body as hex, or one of S3's words for a body that is signed otherwise. */
  readonly payload: string;
}

/** Signature Version 4 of a request as an `Authorization` header; `signature` is where a chain of chunks begins. */
export function signRequest(
  signer: Signer,
  request: RequestToSign,
): { readonly authorization: string; readonly signature: string } {
  const names = Object.keys(request.headers).toSorted();
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${request.headers[name]?.trim()}`),
    '',
    names.join(';'),
    request.payload,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', signingTime(signer.date), scopeOf(signer), sha256(canonical)];
  const signature = signText(signer, text.join('\n'));
  const credential = `${signer.credentials.accessKeyId}/${scopeOf(signer)}`;
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${credential},` +
    `SignedHeaders=${names.join(';')},Signature=${signature}`;
  return { authorization, signature };
}

/** Signature of one chunk of a signed stream, which vouches for the chunk before it too. */
export function signChunk(signer: Signer, previous: string, chunk: Uint8Array): string {
  const algorithm = 'AWS4-HMAC-SHA256-PAYLOAD';
  const text = [algorithm, signingTime(signer.date), scopeOf(signer), previous];
  return signText(signer, [...text, sha256(''), sha256(chunk)].join('\n'));
}

/** The time as signatures write it: `20260131T235959Z`. */
export function signingTime(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '');
}

/** SHA-256 as hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function signText(signer: Signer, text: string): string {
  const seed = `AWS4${signer.credentials.secretAccessKey}`;
  const day = hmac(seed, signingTime(signer.date).slice(0, 8));
  const key = hmac(hmac(hmac(day, signer.region), 's3'), 'aws4_request');
  return hmac(key, text).toString('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function scopeOf(signer: Signer): string {
  return `${signingTime(signer.date).slice(0, 8)}/${signer.region}/s3/aws4_request`;
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
