import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

import { once } from '../../aws/command.js';
import type { S3Connection } from '../../aws/connection.js';
import type { S3Operation } from '../../aws/iam-actions.js';
import { assert } from '../../errors/index.js';
import type { OperationOptions } from '../../interfaces/index.js';

type UploadCommand = Parameters<S3Client['send']>[0];

const OPERATIONS: readonly (readonly [S3Operation, abstract new (...input: never[]) => unknown])[] =
  [
    ['PutObject', PutObjectCommand],
    ['CreateMultipartUpload', CreateMultipartUploadCommand],
    ['UploadPart', UploadPartCommand],
    ['CompleteMultipartUpload', CompleteMultipartUploadCommand],
    ['AbortMultipartUpload', AbortMultipartUploadCommand],
  ];

/**
 * What `Upload` of lib-storage needs of a client: its requests go through the connection, with its limits, retries and
 * events, and an abort reaches those under way, which `Upload` itself would let go on.
 */
export function uploadClient(connection: S3Connection, options: OperationOptions): S3Client {
  const { config } = connection.bucket.client;
  const send = async (command: UploadCommand): Promise<unknown> => {
    const operation = operationOf(command);
    // What ends an upload must be sent after an abort of all the rest.
    const given =
      operation === 'AbortMultipartUpload' ? { ...options, signal: undefined } : options;
    const single = once(command);
    return await connection.request({ operation, options: given }, (client, sendOptions) =>
      client.send(single, sendOptions),
    );
  };
  return { config, send } as unknown as S3Client;
}

function operationOf(command: unknown): S3Operation {
  const found = OPERATIONS.find(([, constructor]) => command instanceof constructor);
  assert(found !== undefined, 'an upload sent a command that is not known');
  return found[0];
}
