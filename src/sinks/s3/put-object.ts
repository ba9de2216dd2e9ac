import { PutObjectCommand } from '@aws-sdk/client-s3';

import type { PutOptions } from '../../interfaces/index.js';
import { once, withOneChecksum } from '../../aws/command.js';
import { S3Failure, isFailure, notS3 } from '../../aws/failure.js';
import { checksumOf } from '../../aws/checksum.js';
import { type SinkContext, objectInput } from './context.js';
import { objectExists } from './errors.js';
import { headObject } from './head-object.js';
import { readObject } from './read-object.js';

/** A small object and where it goes. */
export interface SmallObject {
  readonly key: string;
  readonly content: Uint8Array;
}

/**
 * Puts a small object unless there is one. Where the service knows no conditional writes, it looks before it puts:
 * two writers of different bytes at the same moment are then not told apart, which keys with a nonce never are.
 */
export async function putObject(
  context: SinkContext,
  object: SmallObject,
  options: PutOptions | undefined,
): Promise<'created' | 'exists'> {
  try {
    await send(context, object, { ...options, isCreateOnly: true });
    return 'created';
  } catch (error) {
    if (isFailure(error, 'precondition-failed')) return await compare(context, object, options);
    if (!isFailure(error, 'not-implemented')) throw error;
  }
  const stream = await readObject(context, object.key, options);
  if (stream !== null) return await requireEqual(stream, object);
  await send(context, object, { ...options, isCreateOnly: false });
  return 'created';
}

async function send(
  context: SinkContext,
  { key, content }: SmallObject,
  { isCreateOnly, contentType, ...options }: PutOptions & { readonly isCreateOnly: boolean },
): Promise<void> {
  const { connection, objects, checksum } = context;
  const input = {
    ...objectInput(context, key),
    ...objects.shared,
    ...checksumOf(checksum, content),
    Body: content,
    ContentLength: content.byteLength,
    ContentType: contentType ?? 'application/octet-stream',
    ...(isCreateOnly ? { IfNoneMatch: '*' } : {}),
  };
  const { ETag } = await connection.request(
    { operation: 'PutObject', options, bytes: () => content.byteLength },
    (client, sendOptions) =>
      client.send(withOneChecksum(once(new PutObjectCommand(input))), sendOptions),
  );
  if (ETag === undefined) throw notS3('PutObject', 'an answer without an ETag');
  await requireKept(context, { key, content }, options);
}

/** Small objects are manifests, the proof of a commit: that one is there is seen, not believed. */
async function requireKept(
  context: SinkContext,
  { key, content }: SmallObject,
  options: PutOptions,
): Promise<void> {
  try {
    const seen = await headObject(context, key, options);
    if (seen?.bytes === content.byteLength) return;
  } catch (error) {
    if (isFailure(error, 'access-denied')) return;
    throw error;
  }
  throw new S3Failure({
    operation: 'PutObject',
    kind: 'unavailable',
    code: 'NothingKept',
    status: 200,
    cause: undefined,
  });
}

/** Compares with the object that is said to be there. */
async function compare(
  context: SinkContext,
  object: SmallObject,
  options: PutOptions | undefined,
): Promise<'exists'> {
  const stream = await readObject(context, object.key, options);
  if (stream === null) throw objectExists(object.key);
  return await requireEqual(stream, object);
}

async function requireEqual(
  stream: AsyncIterable<Uint8Array>,
  { key, content }: SmallObject,
): Promise<'exists'> {
  let position = 0;
  for await (const chunk of stream) {
    const expected = content.subarray(position, position + chunk.byteLength);
    position += chunk.byteLength;
    if (Buffer.compare(chunk, expected) !== 0) throw objectExists(key);
  }
  if (position !== content.byteLength) throw objectExists(key);
  return 'exists';
}
