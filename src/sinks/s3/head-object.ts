import { HeadObjectCommand } from '@aws-sdk/client-s3';

import type { ObjectInfo, OperationOptions } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { isFailure, notS3 } from '../../aws/failure.js';
import { type SinkContext, objectInput } from './context.js';
import { MARK_METADATA } from './object-options.js';

/** A visible object and the mark of its upload, when it has one. */
export interface SeenObject extends ObjectInfo {
  readonly mark: string | undefined;
}

/** What is visible at a key, or `null`. */
export async function headObject(
  context: SinkContext,
  key: string,
  options: OperationOptions | undefined,
): Promise<SeenObject | null> {
  const input = objectInput(context, key);
  try {
    const { ContentLength, Metadata } = await context.connection.request(
      { operation: 'HeadObject', options },
      (client, send) => client.send(once(new HeadObjectCommand(input)), send),
    );
    // Without its length, an object of ours could not be told from a stranger's.
    if (ContentLength === undefined) throw notS3('HeadObject', 'an answer without a length');
    return { key, bytes: ContentLength, mark: Metadata?.[MARK_METADATA] };
  } catch (error) {
    if (isFailure(error, 'object-missing')) return null;
    throw error;
  }
}
