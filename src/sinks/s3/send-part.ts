import { UploadPartCommand } from '@aws-sdk/client-s3';

import type { ObjectHead, OperationOptions } from '../../interfaces/index.js';
import { once, unsignedOverTls, withOneChecksum } from '../../aws/command.js';
import { notS3 } from '../../aws/failure.js';
import { anySignal } from '../../util/time-limit.js';
import { bareETag } from '../../aws/checksum.js';
import { type SinkContext, objectInput } from './context.js';
import type { EncryptionAnswer } from './object-checksum.js';
import type { PartContent } from './part-buffer.js';
import type { UploadedPart } from './upload-token.js';

/** An object that is being uploaded. */
export interface Upload {
  readonly head: ObjectHead;
  readonly uploadId: string;
  /** Metadata of the object to come, by which it is known as ours. */
  readonly mark: string;
  readonly encryption: EncryptionAnswer;
}

/** A part on its way to its upload. */
export interface NumberedPart extends PartContent {
  readonly upload: Upload;
  /** From 1. */
  readonly number: number;
}

/** Uploads one part, again and again until the service has it whole. */
export async function sendPart(
  context: SinkContext,
  part: NumberedPart,
  options: OperationOptions & { readonly stop: AbortSignal },
): Promise<UploadedPart> {
  const { upload, number, body, checksum } = part;
  const input = {
    ...objectInput(context, upload.head.key),
    ...checksum,
    UploadId: upload.uploadId,
    PartNumber: number,
    Body: body,
    ContentLength: body.byteLength,
  };
  const { ETag, ChecksumCRC32 } = await context.connection.request(
    {
      operation: 'UploadPart',
      options: { ...options, signal: anySignal(options.signal, options.stop) },
      bytes: () => body.byteLength,
    },
    (client, send) => {
      const command = withOneChecksum(once(new UploadPartCommand(input)));
      return client.send(unsignedOverTls(command), send);
    },
  );
  if (ETag === undefined) throw notS3('UploadPart', 'an answer without an ETag');
  // A service that does not repeat the checksum does not know it, and refuses it in a completion.
  return { bytes: body.byteLength, etag: bareETag(ETag), crc: ChecksumCRC32 ?? null };
}
