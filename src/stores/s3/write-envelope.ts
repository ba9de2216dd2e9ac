import { PutObjectCommand } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { bareETag, checksumOf } from '../../aws/checksum.js';
import { once, withOneChecksum } from '../../aws/command.js';
import { type S3Failure, isFailure, notS3 } from '../../aws/failure.js';
import { type StoreContext, objectInput } from './context.js';
import { formatEnvelope } from './envelope.js';
import { type StoredEnvelope, readEnvelope } from './read-envelope.js';

/** What one save writes. */
export interface NewEnvelope {
  /** Of the object, below the store's prefix. */
  readonly name: string;
  readonly id: string;
  /** JSON, or `null` for a tombstone. */
  readonly documentText: string | null;
}

/** What must be there for a write to happen; nothing is asked of `{}`. */
export type Precondition =
  { readonly IfNoneMatch: '*' } | { readonly IfMatch: string } | Record<string, never>;

/** How a server wants ETags in `If-Match`: as HTTP says, or without the quotes. */
export type ETagSpelling = 'quoted' | 'bare';

/** Nothing may be there. */
export const NOTHING: Precondition = { IfNoneMatch: '*' };

/** The object with this ETag must be there. */
export function onlyOver(etag: string, spelling: ETagSpelling): Precondition {
  return { IfMatch: spelling === 'quoted' ? `"${etag}"` : etag };
}

/** Either the ETag of what was written, or what is there instead. */
export type WriteOutcome =
  | { readonly isWritten: true; readonly etag: string }
  | { readonly isWritten: false; readonly current: StoredEnvelope | null };

/**
 * Writes once, under a precondition. A refusal counts only after a look: the envelope may be there by this very
 * request, when a layer on its way sent it twice. Any failure but a refusal leaves the outcome unknown.
 */
export async function tryWrite(
  context: StoreContext,
  envelope: NewEnvelope,
  options: OperationOptions & { readonly precondition: Precondition },
): Promise<WriteOutcome> {
  try {
    return { isWritten: true, etag: await writeEnvelope(context, envelope, options) };
  } catch (error) {
    if (!isRefusal(error, options.precondition)) throw error;
  }
  const current = await readEnvelope(context, envelope.name, options);
  return current?.id === envelope.id
    ? { isWritten: true, etag: current.etag }
    : { isWritten: false, current };
}

/**
 * Writes once.
 * @returns the ETag, without quotes.
 */
export async function writeEnvelope(
  context: StoreContext,
  { name, id, documentText }: NewEnvelope,
  { precondition, ...options }: OperationOptions & { readonly precondition: Precondition },
): Promise<string> {
  const { connection, checksum, encryption } = context;
  const body = formatEnvelope(id, documentText);
  const input = {
    ...objectInput(context, name),
    ...encryption,
    ...checksumOf(checksum, body),
    ...precondition,
    Body: body,
    ContentLength: body.byteLength,
    ContentType: 'application/json',
  };
  const { ETag } = await connection.request(
    { operation: 'PutObject', options, maxAttempts: 1, bytes: () => body.byteLength },
    (client, send) => client.send(withOneChecksum(once(new PutObjectCommand(input))), send),
  );
  if (ETag === undefined) throw notS3('PutObject', 'an answer without an ETag');
  return bareETag(ETag);
}

/** To `If-Match`, AWS answers 404 where there is nothing. */
function isRefusal(error: unknown, precondition: Precondition): error is S3Failure {
  if (isFailure(error, 'precondition-failed')) return true;
  return 'IfMatch' in precondition && isFailure(error, 'object-missing');
}
