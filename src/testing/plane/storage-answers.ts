import type { Answer } from './exchange.js';

/** How long a signed URL of the service lasts. */
const LIFETIME_MS = 3_600_000;

/** What opens one object of the storage. */
export interface Signed {
  readonly signature: string;
  readonly expires: number;
}

/** Signs an object for an hour. */
export function sign(signature: string, now: Date): Signed {
  return { signature, expires: now.getTime() + LIFETIME_MS };
}

/** Path and query of a signed URL. */
export function signedPath(path: string, { signature }: Signed): string {
  return `${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature=${signature}`;
}

/** What a storage like S3 says to a request that it does not let in, or `null` when it does. */
export function refuseUnsigned(
  { url, authorization }: StorageRequest,
  signed: Signed | null,
  now: Date,
): Answer | null {
  if (authorization !== undefined)
    return storageError(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  if (signed === null) return storageError(404, 'NoSuchKey', 'The key does not exist.');
  if (url.searchParams.get('X-Amz-Signature') !== signed.signature)
    return storageError(403, 'SignatureDoesNotMatch', 'The signature is wrong.');
  if (signed.expires <= now.getTime())
    return storageError(403, 'AccessDenied', 'Request has expired');
  return null;
}

/** A request for an object of the storage. */
export interface StorageRequest {
  readonly url: URL;
  readonly authorization: string | undefined;
}

function storageError(status: number, code: string, message: string): Answer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(xml) };
}
