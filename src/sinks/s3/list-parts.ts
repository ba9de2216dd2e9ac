import { ListPartsCommand } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { notS3 } from '../../aws/failure.js';
import { bareETag } from '../../aws/checksum.js';
import { type SinkContext, objectInput } from './context.js';
import type { ListedPart } from './upload-token.js';

/** S3 takes 10,000 parts and lists a thousand at a time; some services list fewer. */
const PAGES_MAX = 1_000;

/**
 * All parts of an upload, in their order.
 * @throws S3Failure `upload-missing` when there is no such upload.
 */
export async function listParts(
  context: SinkContext,
  upload: { readonly key: string; readonly uploadId: string },
  options: OperationOptions | undefined,
): Promise<readonly ListedPart[]> {
  const input = { ...objectInput(context, upload.key), UploadId: upload.uploadId };
  const parts: ListedPart[] = [];
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const place = marker === undefined ? input : { ...input, PartNumberMarker: marker };
    const answer = await context.connection.request(
      { operation: 'ListParts', options },
      (client, send) => client.send(once(new ListPartsCommand(place)), send),
    );
    if (answer.UploadId === undefined) throw notS3('ListParts', 'an answer without an upload id');
    for (const part of answer.Parts ?? [])
      parts.push({
        number: part.PartNumber ?? 0,
        bytes: part.Size ?? 0,
        etag: bareETag(part.ETag ?? ''),
        crc: part.ChecksumCRC32 ?? null,
      });
    if (answer.IsTruncated !== true) return parts;
    marker = String(answer.NextPartNumberMarker ?? parts.at(-1)?.number);
  }
  throw notS3('ListParts', 'a list that does not end');
}
