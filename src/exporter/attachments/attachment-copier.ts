import { EncodeError, SourceError, isExportError } from '../../errors/index.js';
import type {
  AttachmentAnswer,
  AttachmentReference,
  OperationOptions,
  Sink,
  Runtime,
} from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';
import { emit } from '../../util/observe.js';
import { anySignal, withTimeLimit } from '../../util/time-limit.js';
import type { PageWork } from '../page-work.js';
import { type Annotation, annotateRows } from './annotate-rows.js';
import { type AttachmentCopy, noteFile, putFile, recallFile } from './attachment-copy.js';
import { type AttachmentSettings, isWanted } from './attachment-options.js';
import { type FoundReference, findReferences } from './find-references.js';

/** So many references are remembered within a run. */
const REMEMBERED_MAX = 20_000;

export interface CopierSettings {
  readonly exportId: string;
  readonly sink: Sink;
  readonly runtime: Runtime;
  readonly attachments: AttachmentSettings;
}

/** What was copied so far. */
export interface CopyCounts {
  /** Files that were fetched and put. */
  copied: number;
  /** Their bytes. */
  copiedBytes: number;
  /** References whose file could not be copied. */
  failed: number;
}

/** One line of a commit's list. */
export interface ListedAttachment {
  readonly reference: string;
  readonly contentType: string | null;
  readonly copy: AttachmentCopy;
}

type FoundByOutput = ReadonlyMap<number, readonly FoundReference[]>;

/** Copies the files that the rows of a page name, and has the rows say where they are. */
export class AttachmentCopier {
  readonly #settings: CopierSettings;
  readonly #counts: CopyCounts;
  readonly #remembered = new Map<string, AttachmentCopy>();

  constructor(settings: CopierSettings, counts: CopyCounts) {
    this.#settings = settings;
    this.#counts = counts;
  }

  /** The page with every reference in its delivered rows settled; the same page when there is none. */
  async copyFor(work: PageWork, options: OperationOptions): Promise<PageWork> {
    const found = this.#find(work);
    if (found.size === 0) return work;
    const unique = new Map<string, AttachmentReference>();
    for (const { reference } of [...found.values()].flat()) unique.set(reference.id, reference);
    const copies = await this.#copyAll([...unique.values()], options);
    this.#tellFailures(work, { found, copies }, options);
    const annotations = new Map<number, readonly Annotation[]>();
    const attachments = new Map<number, readonly ListedAttachment[]>();
    for (const [output, references] of found) {
      const settled = references.map(({ reference, end }) => {
        const copy = copies.get(reference.id) ?? { error: 'unavailable' };
        const { id, contentType } = reference;
        return { end, copy, reference: id, contentType };
      });
      annotations.set(output, settled);
      attachments.set(output, settled);
    }
    return { ...work, outputs: annotateRows(work.outputs, annotations), attachments };
  }

  #find(work: PageWork): FoundByOutput {
    const { fetcher, contentTypes } = this.#settings.attachments;
    const { bytes, bounds } = work.outputs.text();
    const found = new Map<number, readonly FoundReference[]>();
    for (const output of deliveredOutputs(work).keys()) {
      const text = { bytes, from: bounds[2 * output] ?? 0, to: bounds[2 * output + 1] ?? 0 };
      const references = findReferences(text, fetcher).filter(({ reference }) =>
        isWanted(reference.contentType, contentTypes),
      );
      if (references.length > 0) found.set(output, references);
    }
    return found;
  }

  /** So many workers as are allowed take references from one list; the first failure ends all. */
  async #copyAll(
    references: readonly AttachmentReference[],
    options: OperationOptions,
  ): Promise<ReadonlyMap<string, AttachmentCopy>> {
    const copies = new Map<string, AttachmentCopy>();
    const left = references.values();
    const failed = new AbortController();
    const signal = anySignal(options.signal, failed.signal);
    const work = async (): Promise<void> => {
      for (const reference of left) {
        signal?.throwIfAborted();
        copies.set(reference.id, await this.#copyOnce(reference, { ...options, signal }));
      }
    };
    const workers = Array.from({ length: this.#settings.attachments.concurrency }, () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(workers);
    options.signal?.throwIfAborted();
    failed.signal.throwIfAborted();
    return copies;
  }

  async #copyOnce(
    reference: AttachmentReference,
    options: OperationOptions,
  ): Promise<AttachmentCopy> {
    const remembered = this.#remembered.get(reference.id);
    if (remembered !== undefined) return remembered;
    const copy = await this.#copy(reference, options);
    // The oldest goes first: a page's rows name the same files more often than distant ones.
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= REMEMBERED_MAX && oldest !== undefined)
      this.#remembered.delete(oldest);
    this.#remembered.set(reference.id, copy);
    return copy;
  }

  async #copy(reference: AttachmentReference, options: OperationOptions): Promise<AttachmentCopy> {
    const { sink, attachments } = this.#settings;
    const noted = { id: reference.id, fetcher: attachments.fetcher.name };
    if (reference.isImmutable) {
      const file = await recallFile(sink, noted, options);
      if (file !== null) return file;
    }
    const answer = await this.#fetch(reference, options);
    if ('problem' in answer) {
      this.#counts.failed += 1;
      return { error: answer.problem };
    }
    const file = await putFile(sink, answer.content, options);
    if (reference.isImmutable) await noteFile(sink, { ...noted, file }, options);
    this.#counts.copied += 1;
    this.#counts.copiedBytes += file.bytes;
    return file;
  }

  async #fetch(
    reference: AttachmentReference,
    options: OperationOptions,
  ): Promise<AttachmentAnswer> {
    const { runtime, attachments } = this.#settings;
    const { fetcher, maxBytes, timeoutMs } = attachments;
    const limit = { ms: timeoutMs, reason: () => tookTooLong(timeoutMs) };
    try {
      const answer = await withTimeLimit(runtime, limit, async (over) => {
        const signal = anySignal(options.signal, over) ?? over;
        const fetched = fetcher.fetch(reference, { ...options, signal, maxBytes });
        return await abortable(fetched, signal);
      });
      const isTooLarge = 'content' in answer && answer.content.length > maxBytes;
      return isTooLarge ? { problem: 'too-large' } : answer;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isExportError(error) && error.retryable) return { problem: 'unavailable' };
      throw error;
    }
  }

  /** Events for references without a file; with `reject`, their rows become bad ones. */
  #tellFailures(
    work: PageWork,
    { found, copies }: { found: FoundByOutput; copies: ReadonlyMap<string, AttachmentCopy> },
    options: OperationOptions,
  ): void {
    const { exportId, attachments } = this.#settings;
    for (const [output, row] of deliveredOutputs(work)) {
      for (const { reference } of found.get(output) ?? []) {
        const copy = copies.get(reference.id);
        if (copy === undefined || !('error' in copy)) continue;
        const rowId = work.ids[row] ?? null;
        emit(options.observer, { type: 'attachment-error', exportId, rowId, reason: copy.error });
        if (attachments.onFailure === 'reject')
          work.fates[row] = { kind: 'bad', error: failedAttachment(row, copy.error) };
      }
    }
  }
}

/** The source row of every output that will be written. */
function deliveredOutputs(work: PageWork): Map<number, number> {
  const outputs = new Map<number, number>();
  for (let row = 0; row < work.fates.length; row += 1) {
    if (work.fates[row]?.kind !== 'deliver') continue;
    const end = work.starts[row + 1] ?? 0;
    for (let output = work.starts[row] ?? 0; output < end; output += 1) outputs.set(output, row);
  }
  return outputs;
}

function failedAttachment(row: number, reason: string): EncodeError {
  return new EncodeError(
    'ATTACHMENT_FAILED',
    `A file that row ${row} of the page names could not be copied: ${reason}.`,
    {
      remedy: "Mend it at the source, or set attachments.onFailure to 'record'.",
      details: { rowIndex: row, reason },
    },
  );
}

function tookTooLong(ms: number): SourceError {
  return new SourceError('SOURCE_UNAVAILABLE', `An attachment did not arrive in ${ms} ms.`, {
    remedy: 'Raise `attachments.timeoutMs`.',
    retryable: true,
  });
}
