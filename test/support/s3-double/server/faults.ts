import { drainBody } from '../body/body.js';
import type { BucketState } from '../bucket-state.js';
import type { Answer } from '../exchange.js';
import type { LateEffects } from './late-effects.js';
import type { LogEntry } from './request-log.js';
import { type Connection, errorAnswer, reset, sendAnswer, sendHalf } from './send.js';
import type { S3Fault } from '../types.js';

/** A request that is proved and may take effect. */
export interface Prepared {
  readonly bytes: number;
  /** Takes effect at once. Throws a `Refusal` before any effect. */
  readonly effect: () => Answer;
}

/** A request on its way through the server. */
export interface Passage {
  readonly connection: Connection;
  readonly entry: LogEntry;
  readonly prepare: (onProgress: (wireBytes: number) => void) => Promise<Prepared>;
  /** The bucket, where there is one, and the upload that the request names. */
  readonly bucket: BucketState | null;
  readonly uploadId: string | null;
  readonly late: LateEffects;
}

/** Lets a request through, or does to it what the fault says. Rejects with a `Refusal` of the request itself. */
export async function pass(passage: Passage, fault: S3Fault | null): Promise<void> {
  if (fault === null) return answer(passage, await take(passage));
  switch (fault.kind) {
    case 'reset-before':
      return reset(passage.connection);
    case 'error':
      await drainBody(passage.connection.message);
      return answer(passage, injected(fault));
    case 'hang':
      // The answer stays out; the client's own limit ends it.
      return drainBody(passage.connection.message);
    case 'reset-mid':
      return passHalf(passage);
    case 'reset-after':
    case 'late':
    case 'error-in-200':
    case 'lie':
    case 'hide-upload':
    case 'destroy-upload':
      return passPrepared(passage, fault, await passage.prepare(ignore));
  }
}

/** Sends an answer and puts it into the log. */
export async function answer(
  passage: Pick<Passage, 'connection' | 'entry'>,
  content: Answer,
): Promise<void> {
  passage.entry.status = content.status;
  await sendAnswer(passage.connection, content);
}

type AfterBody = Exclude<S3Fault['kind'], 'reset-before' | 'error' | 'hang' | 'reset-mid'>;

async function passPrepared(
  passage: Passage,
  fault: Extract<S3Fault, { kind: AfterBody }>,
  prepared: Prepared,
): Promise<void> {
  passage.entry.bytes = prepared.bytes;
  const { effect } = prepared;
  switch (fault.kind) {
    case 'reset-after':
      effect();
      return reset(passage.connection);
    case 'late':
      passage.late.add(effect);
      return reset(passage.connection);
    case 'error-in-200':
      return answer(passage, injected({ ...fault, status: 200 }));
    case 'lie':
      return answer(passage, passage.bucket?.pretend(effect) ?? effect());
    case 'hide-upload':
      hideUpload(passage, effect, fault.requests);
      return answer(passage, injected({ status: 500, code: 'InternalError' }));
    case 'destroy-upload':
      passage.bucket?.uploads.delete(passage.uploadId ?? '');
      return answer(passage, injected({ status: 409, code: 'ConditionalRequestConflict' }));
  }
}

async function take(passage: Passage): Promise<Answer> {
  const prepared = await passage.prepare(ignore);
  passage.entry.bytes = prepared.bytes;
  return prepared.effect();
}

/** Half of the request's body, or of the answer's when the request has none. */
async function passHalf(passage: Passage): Promise<void> {
  const { connection } = passage;
  const length = Number(connection.message.headers['content-length'] ?? 0);
  const isUpload = length > 0 || connection.message.headers['transfer-encoding'] !== undefined;
  if (!isUpload) return sendHalf(connection, await take(passage));
  await drainBody(connection.message, (wireBytes) => {
    if (wireBytes >= length / 2) reset(connection);
  });
}

/** The upload is nowhere until it lands, as while S3 works on a completion. */
function hideUpload(passage: Passage, effect: () => Answer, requests: number): void {
  const { bucket, uploadId } = passage;
  const upload = bucket?.uploads.get(uploadId ?? '');
  if (bucket === null || upload === undefined) return void effect();
  bucket.uploads.delete(upload.uploadId);
  const land = (): void => {
    bucket.uploads.set(upload.uploadId, upload);
    effect();
  };
  passage.late.add(land, requests);
}

function injected(fault: {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}): Answer {
  const { status, code, headers = {} } = fault;
  return errorAnswer({ code, message: `Injected: ${code}` }, { status, headers });
}

function ignore(): void {}
