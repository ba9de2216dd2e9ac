import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';

import type { CommitOutcome, OperationOptions, PreparedObject } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { type S3Failure, isFailure, notS3 } from '../../aws/failure.js';
import { bareETag, compositeCrc, compositeETag } from '../../aws/checksum.js';
import { type SinkContext, objectInput } from './context.js';
import { objectExists } from './errors.js';
import { headObject } from './head-object.js';
import { listParts } from './list-parts.js';
import {
  type UploadToken,
  type UploadedPart,
  partsInToken,
  readToken,
  requirePrepared,
} from './upload-token.js';

/** A refusal says nothing: without `s3:ListBucket` the service hides what is missing. */
type Sight = 'ours' | 'nothing' | S3Failure;

/** A completion that was answered with success and did nothing. */
const SAID_YES = notS3('CompleteMultipartUpload', 'a success without an object');

interface Completion {
  readonly context: SinkContext;
  readonly prepared: PreparedObject;
  readonly token: UploadToken;
  readonly options: OperationOptions | undefined;
}

/**
 * Makes an uploaded object visible. Idempotent, from any process: what an attempt did is decided by looking, never
 * by the name of its error. A completion is sent without preconditions: a conflict would destroy the upload.
 */
export async function completeUpload(
  context: SinkContext,
  prepared: PreparedObject,
  options: OperationOptions | undefined,
): Promise<CommitOutcome> {
  const token = readToken(prepared);
  const completion = { context, prepared, token, options };
  let sight = await look(completion);
  let parts = partsInToken(token, prepared.bytes);
  for (let attempt = 1; sight !== 'ours'; attempt += 1) {
    if (parts === null) {
      parts = await currentParts(completion);
      if (parts === null) return await unresolved(completion);
    }
    const answer = await tryComplete(completion, parts);
    sight = await look(completion);
    if (sight === 'ours' || (answer === 'verified' && sight !== 'nothing')) break;
    parts = await currentParts(completion);
    if (parts === null) return await unresolved(completion);
    await waitAfter(isFailure(answer) ? answer : SAID_YES, attempt, completion);
  }
  return 'committed';
}

/** The parts are there and the object is not: what failed was the completion itself. */
async function waitAfter(
  failure: S3Failure,
  attempt: number,
  { context, options }: Completion,
): Promise<void> {
  const { maxAttempts } = context.connection.bucket;
  // The parts of the token are not tried again: from now on it is those that are listed.
  if (failure.code === 'InvalidPart' && attempt === 1) return;
  const isWorthIt =
    failure.isWorthAnother(attempt) || failure.code === 'InvalidPart' || failure === SAID_YES;
  if (!isWorthIt || attempt >= maxAttempts) throw failure;
  await context.connection.pause(failure, attempt, options);
}

/** Neither the upload nor the object was seen; the object is looked for once more, because it may have come between. */
async function unresolved(completion: Completion): Promise<CommitOutcome> {
  const sight = await look(completion);
  if (sight === 'ours') return 'committed';
  if (sight === 'nothing') return 'unresolved';
  throw sight;
}

/**
 * @returns `verified` when the answer names the right content: proof enough where looking is refused, and no more,
 * because services repeat it for an object that was removed since.
 */
async function tryComplete(
  { context, prepared, token, options }: Completion,
  parts: readonly UploadedPart[],
): Promise<S3Failure | 'verified' | 'said yes'> {
  const input = {
    ...objectInput(context, prepared.key),
    UploadId: token.uploadId,
    MultipartUpload: {
      Parts: parts.map(({ etag, crc }, place) => ({
        PartNumber: place + 1,
        ETag: `"${etag}"`,
        ...(crc === null ? {} : { ChecksumCRC32: crc }),
      })),
    },
  };
  try {
    const answer = await context.connection.request(
      { operation: 'CompleteMultipartUpload', options, maxAttempts: 1 },
      (client, send) => client.send(once(new CompleteMultipartUploadCommand(input)), send),
    );
    return isProof(answer, parts) ? 'verified' : 'said yes';
  } catch (error) {
    if (isFailure(error)) return error;
    throw error;
  }
}

/** Whether an answer names the content that the parts have together. Some services give no digest: then we look. */
function isProof(
  answer: { readonly ChecksumCRC32?: string | undefined; readonly ETag?: string | undefined },
  parts: readonly UploadedPart[],
): boolean {
  const crcs = parts.flatMap(({ crc }) => (crc === null ? [] : [crc]));
  if (answer.ChecksumCRC32 !== undefined && crcs.length === parts.length)
    return answer.ChecksumCRC32 === compositeCrc(crcs);
  const expected = compositeETag(parts.map(({ etag }) => etag));
  return expected !== null && bareETag(answer.ETag ?? '') === expected;
}

/** @throws SinkError `OBJECT_EXISTS` for a stranger's object. */
async function look({ context, prepared, token, options }: Completion): Promise<Sight> {
  try {
    const seen = await headObject(context, prepared.key, options);
    if (seen === null) return 'nothing';
    if (seen.bytes === prepared.bytes && seen.mark === token.mark) return 'ours';
  } catch (error) {
    if (isFailure(error, 'access-denied')) return error;
    throw error;
  }
  throw objectExists(prepared.key);
}

/** The parts as they are listed, or `null` when the upload is gone. */
async function currentParts({
  context,
  prepared,
  token,
  options,
}: Completion): Promise<readonly UploadedPart[] | null> {
  const upload = { key: prepared.key, uploadId: token.uploadId };
  try {
    return requirePrepared(prepared, await listParts(context, upload, options));
  } catch (error) {
    // radosgw calls a missing upload a missing key.
    if (isFailure(error, 'upload-missing', 'object-missing')) return null;
    throw error;
  }
}
