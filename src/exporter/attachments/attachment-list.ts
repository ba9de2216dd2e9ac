import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  Sink,
} from '../../interfaces/index.js';
import type { PageWork } from '../page-work.js';

const CONTENT_TYPE = 'application/x-ndjson';

/** The files that the rows of one commit name, one line each. The object is opened with the first of them. */
export class AttachmentList {
  readonly #sink: Sink;
  readonly #head: ObjectHead;
  #writer: ObjectWriter | null = null;
  #length = 0;

  constructor(sink: Sink, head: Omit<ObjectHead, 'contentType'>) {
    this.#sink = sink;
    this.#head = { ...head, contentType: CONTENT_TYPE };
  }

  get length(): number {
    return this.#length;
  }

  /** Takes what one delivered source row names. */
  async add(work: PageWork, row: number, options: OperationOptions): Promise<void> {
    const lines: string[] = [];
    for (let output = work.starts[row] ?? 0; output < (work.starts[row + 1] ?? 0); output += 1) {
      for (const { reference, contentType, copy } of work.attachments?.get(output) ?? [])
        lines.push(
          `${JSON.stringify({ rowId: work.ids[row] ?? null, reference, contentType, ...copy })}\n`,
        );
    }
    if (lines.length === 0) return;
    this.#writer ??= await this.#sink.open(this.#head, options);
    await this.#writer.write(Buffer.from(lines.join('')), options);
    this.#length += lines.length;
  }

  /** Makes them durable; `null` when there are none. */
  async prepare(options: OperationOptions): Promise<PreparedObject | null> {
    return (await this.#writer?.prepare(options)) ?? null;
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }
}
