import { ListObjectsV2Command } from '@aws-sdk/client-s3';

import { isExportError } from '../../errors/index.js';
import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  ProbeStep,
} from '../../interfaces/index.js';
import { type AnswerHeaders, once } from '../../aws/command.js';
import { notS3, readFailure } from '../../aws/failure.js';
import { abortable } from '../../util/abortable.js';
import { messageOf } from '../../util/message.js';
import { withTimeLimit } from '../../util/time-limit.js';
import { completeUpload } from './complete-upload.js';
import type { SinkContext } from './context.js';
import { sinkError } from './errors.js';
import { headObject } from './head-object.js';
import { listParts } from './list-parts.js';
import { listUploads } from './list-uploads.js';
import { putObject } from './put-object.js';
import { removeObject } from './remove-object.js';
import { readToken } from './upload-token.js';
import { openUpload } from './upload-writer.js';

/** Whose the objects of a probe are. No run of an export takes them for its own. */
const PROBE_ID = 'sink-probe';
const PROBE_BYTES = Buffer.from('This object was written by a test and may be removed.\n');
/** S3 refuses requests that are 15 minutes off; tokens and folders by date suffer before. */
const CLOCK_MAX_MS = 5 * 60_000;

/** One thing that is tried: what was seen, or an error. */
interface Trial {
  readonly step: string;
  /** A later trial needs it. */
  readonly isNeeded?: boolean;
  readonly run: () => Promise<string | ProbeStep>;
}

/** What the trials of one probe hand on to each other. */
interface Probe {
  readonly context: SinkContext;
  readonly options: OperationOptions;
  readonly nonce: string;
  headers: AnswerHeaders;
  upload: { readonly writer: ObjectWriter; prepared: PreparedObject | null } | null;
}

/** Tries what the sink needs of its bucket, step by step. What a failed step leaves untried is skipped. */
export async function* probeBucket(
  context: SinkContext,
  options: OperationOptions = {},
): AsyncGenerator<ProbeStep> {
  const { runtime } = context.connection.bucket;
  const nonce = runtime.id().slice(0, 16);
  const probe: Probe = { context, options, nonce, headers: {}, upload: null };
  let blocked: string | null = null;
  try {
    for (const { step, isNeeded, run } of trialsOf(probe)) {
      options.signal?.throwIfAborted();
      if (blocked !== null) {
        yield { step, outcome: 'skipped', detail: `The step ${blocked} failed.` };
        continue;
      }
      const result = await attempt(probe, step, run);
      yield result;
      if (isNeeded === true && result.outcome === 'failed') blocked = step;
    }
  } finally {
    // What a failed step or an abort left behind; the steps themselves have said what they could not do.
    await probe.upload?.writer.abort().catch(() => undefined);
  }
}

function trialsOf(probe: Probe): readonly Trial[] {
  return [
    { step: 'credentials', isNeeded: true, run: () => tryCredentials(probe) },
    { step: 'bucket', isNeeded: true, run: () => tryBucket(probe) },
    { step: 'bucket-clock', run: async () => checkClock(probe) },
    { step: 'upload-begin', isNeeded: true, run: () => tryBegin(probe) },
    { step: 'upload-part', isNeeded: true, run: () => tryPart(probe) },
    { step: 'upload-list', run: () => tryListing(probe) },
    { step: 'upload-abort', run: () => tryAbort(probe) },
    { step: 'upload-complete', run: () => tryCompletion(probe) },
    { step: 'create-only-put', run: () => putTwice(probe) },
  ];
}

async function attempt(
  { context, options }: Probe,
  step: string,
  run: Trial['run'],
): Promise<ProbeStep> {
  try {
    const result = await run();
    return typeof result === 'string' ? { step, outcome: 'passed', detail: result } : result;
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = sinkError(error, 'use its bucket', context.connection.bucket.bucket);
    const remedy = isExportError(failure) ? failure.remedy : undefined;
    return { step, outcome: 'failed', detail: messageOf(failure), remedy };
  }
}

async function tryCredentials({ context, options }: Probe): Promise<string> {
  const { client, runtime, requestTimeoutMs } = context.connection.bucket;
  const limit = {
    ms: requestTimeoutMs,
    reason: () => new DOMException('No credentials were given in time.', 'TimeoutError'),
  };
  try {
    const { expiration } = await withTimeLimit(runtime, limit, (over) =>
      abortable(
        client.config.credentials(),
        options.signal === undefined ? over : AbortSignal.any([options.signal, over]),
      ),
    );
    return expiration === undefined
      ? 'There are credentials.'
      : `There are credentials until ${expiration.toISOString()}; they are renewed before.`;
  } catch (error) {
    // What the provider says about itself, such as a package that is not installed.
    if (isExportError(error)) throw error;
    throw readFailure(error, 'ListObjectsV2');
  }
}

async function tryBucket(probe: Probe): Promise<string> {
  const { connection } = probe.context;
  const { bucket, prefix } = connection.bucket;
  const input = { ...connection.input, Prefix: prefix, MaxKeys: 1 };
  const answer = await connection.request(
    { operation: 'ListObjectsV2', options: probe.options },
    (client, send) => {
      const command = once(new ListObjectsV2Command(input), (headers) => (probe.headers = headers));
      return client.send(command, send);
    },
  );
  if (answer.IsTruncated === undefined) throw notS3('ListObjectsV2', 'an answer without a list');
  return `The bucket "${bucket}" is there and can be listed.`;
}

function checkClock({ context, headers }: Probe): ProbeStep {
  const step = 'bucket-clock';
  const theirs = Date.parse(headers['date'] ?? '');
  if (Number.isNaN(theirs))
    return { step, outcome: 'skipped', detail: 'The service does not tell its time.' };
  const seconds = Math.round((context.connection.bucket.runtime.now().getTime() - theirs) / 1_000);
  const detail = `This machine's clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the service's.`;
  if (Math.abs(seconds) * 1_000 <= CLOCK_MAX_MS) return { step, outcome: 'passed', detail };
  return { step, outcome: 'failed', detail, remedy: 'Set the clock of this machine.' };
}

/** At the key of a data object: with its storage class, and never completed. */
async function tryBegin(probe: Probe): Promise<string> {
  const key = `${PROBE_ID}.${probe.nonce}.bin`;
  const writer = await openUpload(probe.context, headOf(probe, key), probe.options);
  probe.upload = { writer, prepared: null };
  return 'An upload can be begun with the encryption, tags, ACL and storage class of the options.';
}

async function tryPart({ upload, options }: Probe): Promise<string> {
  if (upload === null) throw new Error('There is no upload.');
  await upload.writer.write(PROBE_BYTES, options);
  upload.prepared = await upload.writer.prepare(options);
  return 'A part can be uploaded.';
}

async function tryListing({ context, upload, options }: Probe): Promise<string> {
  const prepared = upload?.prepared;
  if (prepared === null || prepared === undefined) throw new Error('There is no upload.');
  const { uploadId } = readToken(prepared);
  const parts = await listParts(context, { key: prepared.key, uploadId }, options);
  if (parts.length !== 1) throw notS3('ListParts', `${parts.length} parts instead of one`);
  for await (const stray of listUploads(context, PROBE_ID, options))
    if (stray.id.includes(uploadId)) return 'Unfinished uploads and their parts can be listed.';
  throw notS3('ListMultipartUploads', 'a list without the upload');
}

async function tryAbort(probe: Probe): Promise<string> {
  await probe.upload?.writer.abort();
  probe.upload = null;
  return 'An upload can be given up.';
}

async function tryCompletion(probe: Probe): Promise<string> {
  const { context, options } = probe;
  const key = companionKey(probe, 'bin');
  const writer = await openUpload(context, headOf(probe, key), options);
  probe.upload = { writer, prepared: null };
  await writer.write(PROBE_BYTES, options);
  const prepared = await writer.prepare(options);
  await completeUpload(context, prepared, options);
  const seen = await headObject(context, key, options);
  probe.upload = null;
  await removeIfAllowed(probe, key);
  if (seen?.mark !== readToken(prepared).mark)
    throw notS3('HeadObject', 'an object without the metadata of its upload');
  return 'An upload can be completed, and the object is known again as ours.';
}

async function putTwice(probe: Probe): Promise<ProbeStep> {
  const { context, options } = probe;
  const step = 'create-only-put';
  const key = companionKey(probe, 'txt');
  await putObject(context, { key, content: PROBE_BYTES }, options);
  try {
    await putObject(context, { key, content: Buffer.from('other') }, options);
  } catch (error) {
    if (!isExportError(error, 'OBJECT_EXISTS')) throw error;
    return { step, outcome: 'passed', detail: 'A small object is never replaced.' };
  } finally {
    await removeIfAllowed(probe, key);
  }
  const detail =
    'The service ignores If-None-Match: only the random nonce in their keys keeps manifests from being replaced.';
  return { step, outcome: 'skipped', detail };
}

/** Runs need no right to delete: what stays is a few bytes below `_probe/`. */
async function removeIfAllowed({ context, options }: Probe, key: string): Promise<void> {
  await removeObject(context, key, options).catch(() => options.signal?.throwIfAborted());
}

function companionKey({ nonce }: Probe, extension: string): string {
  return `_probe/${PROBE_ID}/${nonce}.${extension}`;
}

function headOf({ nonce }: Probe, key: string): ObjectHead {
  return {
    key,
    contentType: 'text/plain',
    exportId: PROBE_ID,
    generation: 0,
    nonce,
    maxBytes: PROBE_BYTES.length,
  };
}
