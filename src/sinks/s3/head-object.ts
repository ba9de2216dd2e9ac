import { HeadObjectCommand } from '@aws-sdk/client-s3';

import type { ObjectInfo, OperationOptions } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { isFailure, notS3 } from '../../aws/failure.js';
import { type SinkContext, objectInput } from './context.js';
import { checksumOfHead } from './object-checksum.js';
import { MARK_METADATA } from './object-options.js';

/** A visible object and the mark of its upload, when it has one. */
export interface SeenObject extends ObjectInfo {
  readonly mark: string | undefined;
}

export interface HeadOptions extends OperationOptions {
  /**
   * Whether to ask for the checksum too. Under a KMS key that takes the right to decrypt.
   * @defaultValue false
   */
  readonly withChecksum?: boolean | undefined;
}

/** What is visible at a key, or `null`. */
export async function headObject(
  context: SinkContext,
  key: string,
  { withChecksum = false, ...options }: HeadOptions = {},
): Promise<SeenObject | null> {
  const input = {
    ...objectInput(context, key),
    ...(withChecksum ? { ChecksumMode: 'ENABLED' as const } : {}),
  };
  try {
    const answer = await context.connection.request(
      { operation: 'HeadObject', options },
      (client, send) => client.send(once(new HeadObjectCommand(input)), send),
    );
    const { ContentLength, Metadata } = answer;
    // Without its length, an object of ours could not be told from a stranger's.
    if (ContentLength === undefined) throw notS3('HeadObject', 'an answer without a length');
    const mark = Metadata?.[MARK_METADATA];
    return { key, bytes: ContentLength, mark, checksum: checksumOfHead(answer, mark) };
  } catch (error) {
    if (isFailure(error, 'object-missing')) return null;
    throw error;
  }
}

/** What is visible at a key, with its checksum where the service tells one to who asks; or `null`. */
export async function describeObject(
  context: SinkContext,
  key: string,
  options: OperationOptions | undefined,
): Promise<ObjectInfo | null> {
  const seen = await headWithChecksum(context, key, options);
  return seen === null ? null : { key, bytes: seen.bytes, checksum: seen.checksum };
}

async function headWithChecksum(
  context: SinkContext,
  key: string,
  options: OperationOptions | undefined,
): Promise<SeenObject | null> {
  // With Content-MD5 there is none to ask for, and some services refuse to be asked.
  const withChecksum = context.checksum === 'crc32';
  try {
    return await headObject(context, key, { ...options, withChecksum });
  } catch (error) {
    // It may be the checksum alone that is refused.
    if (!withChecksum || !isFailure(error, 'access-denied')) throw error;
    return await headObject(context, key, options);
  }
}
