import { DeleteObjectCommand } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { type SinkContext, objectInput } from './context.js';

/** Removes an object. One that is not there is no error. In a versioned bucket the version stays. */
export async function removeObject(
  context: SinkContext,
  key: string,
  options: OperationOptions | undefined,
): Promise<void> {
  const input = objectInput(context, key);
  await context.connection.request({ operation: 'DeleteObject', options }, (client, send) =>
    client.send(once(new DeleteObjectCommand(input)), send),
  );
}
