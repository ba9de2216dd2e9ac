import { createHash } from 'node:crypto';

import { SinkError, isExportError } from '../../errors/index.js';
import type {
  AttachmentProblem,
  AttachmentReference,
  OperationOptions,
  Sink,
} from '../../interfaces/index.js';

/** A file that was copied: its object, and what is in it. */
export interface CopiedFile {
  readonly key: string;
  /** SHA-256 of the file, 64 lower-case hexadecimal digits: the key is made of it. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What a reference in an exported row says of its file. */
export type AttachmentCopy = CopiedFile | { readonly error: AttachmentProblem };

const FOLDER = '_attachments';
const RECORD_MAX_BYTES = 4_096;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Puts a file under the key that its content gives. Doing it twice changes nothing; a file that no commit comes to name
 * is found again by the next one that needs it.
 */
export async function putFile(
  sink: Sink,
  content: Uint8Array,
  options: OperationOptions,
): Promise<CopiedFile> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const file = { key: keyOfFile(sha256), sha256, bytes: content.length };
  await sink.put(file.key, content, options);
  return file;
}

/** What an earlier copy noted of a reference, if its file is still there; else `null`. */
export async function recallFile(
  sink: Sink,
  reference: Pick<AttachmentReference, 'id'> & { readonly fetcher: string },
  options: OperationOptions,
): Promise<CopiedFile | null> {
  const stream = await sink.get(keyOfNote(reference), options);
  const file = stream === null ? null : readNote(await readText(stream));
  if (file === null) return null;
  const seen = await sink.head(file.key, options);
  return seen?.bytes === file.bytes ? file : null;
}

/** Notes where the file of a reference is, for later runs. */
export async function noteFile(
  sink: Sink,
  reference: Pick<AttachmentReference, 'id'> & {
    readonly fetcher: string;
    readonly file: CopiedFile;
  },
  options: OperationOptions,
): Promise<void> {
  const { sha256, bytes } = reference.file;
  const note = Buffer.from(`${JSON.stringify({ sha256, bytes })}\n`);
  try {
    await sink.put(keyOfNote(reference), note, { ...options, contentType: 'application/json' });
  } catch (error) {
    // A note that says something else, or nothing, saves no work; it does no harm either.
    if (!(error instanceof SinkError) || !isExportError(error, 'OBJECT_EXISTS')) throw error;
  }
}

function keyOfFile(sha256: string): string {
  return `${FOLDER}/${sha256.slice(0, 2)}/${sha256}`;
}

function keyOfNote({ fetcher, id }: { readonly fetcher: string; readonly id: string }): string {
  const digest = createHash('sha256').update(`${fetcher}\n${id}`).digest('hex');
  return `${FOLDER}/references/${digest}.json`;
}

function readNote(text: string): CopiedFile | null {
  try {
    const { sha256, bytes } = JSON.parse(text) as Partial<CopiedFile>;
    const isUsable = SHA256.test(String(sha256)) && Number.isSafeInteger(bytes);
    if (!isUsable || sha256 === undefined || bytes === undefined) return null;
    return { key: keyOfFile(sha256), sha256, bytes };
  } catch {
    return null; // it saves work and proves nothing: the file is fetched again
  }
}

async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > RECORD_MAX_BYTES) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
