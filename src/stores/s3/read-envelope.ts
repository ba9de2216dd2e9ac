import { type Readable, addAbortSignal } from 'node:stream';

import { GetObjectCommand } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { bareETag } from '../../aws/checksum.js';
import { once } from '../../aws/command.js';
import { isFailure, notS3 } from '../../aws/failure.js';
import { type StoreContext, objectInput } from './context.js';
import { type Envelope, parseEnvelope } from './envelope.js';
import { corruptError } from './errors.js';

/** More than any document takes with its envelope. */
const ENVELOPE_MAX_BYTES = 300 * 1024;

/** An envelope in the bucket. */
export interface StoredEnvelope extends Envelope {
  /** Without quotes. */
  readonly etag: string;
}

/**
 * What is stored under a name, or `null` when nothing ever was.
 * @throws S3Failure; CheckpointError `CHECKPOINT_CORRUPT` for anything that is no envelope.
 */
export async function readEnvelope(
  context: StoreContext,
  name: string,
  options: OperationOptions | undefined,
): Promise<StoredEnvelope | null> {
  const found = await fetchObject(context, name, options);
  if (found === null) return null;
  const { key } = found;
  if (found.bytes.byteLength > ENVELOPE_MAX_BYTES)
    throw corruptError(key, `has more than ${ENVELOPE_MAX_BYTES} bytes`);
  const envelope = parseEnvelope(found.bytes);
  if (envelope === null) throw corruptError(key, 'is cut off or no document of this store');
  return { ...envelope, etag: found.etag };
}

interface FoundObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

async function fetchObject(
  context: StoreContext,
  name: string,
  options: OperationOptions | undefined,
): Promise<FoundObject | null> {
  const input = objectInput(context, name);
  try {
    return await context.connection.request(
      { operation: 'GetObject', options, bytes: ({ bytes }: FoundObject) => bytes.byteLength },
      async (client, send) => {
        const { Body, ETag } = await client.send(once(new GetObjectCommand(input)), send);
        if (Body === undefined || ETag === undefined)
          throw notS3('GetObject', 'an answer without content and ETag');
        // Inside the attempt: an answer that breaks off or stands still is asked for again.
        const bytes = await readBody(Body as unknown as Readable, send.abortSignal);
        return { key: input.Key, bytes, etag: bareETag(ETag) };
      },
    );
  } catch (error) {
    // Only S3 itself says NoSuchKey. Any other 404 says nothing of the document: it must not count as absent.
    if (isFailure(error, 'object-missing') && error.code === 'NoSuchKey') return null;
    throw error;
  }
}

/** All bytes, or the first of them when there are too many. */
async function readBody(body: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of addAbortSignal(signal, body)) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > ENVELOPE_MAX_BYTES) break;
  }
  return Buffer.concat(chunks);
}
