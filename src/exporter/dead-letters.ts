import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
} from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { PageWork } from './page-work.js';
import { DigestSet } from './row-index.js';
import type { ExporterSettings } from './settings.js';

const CONTENT_TYPE = 'application/x-ndjson';

/**
 * The rows of one commit that could not be exported, each a line with its reason. The object is opened with the
 * first of them.
 */
export class DeadLetters {
  /** Digests of the rows, so that a lookback does not reject them again. */
  readonly digests: DigestSet = new DigestSet();
  readonly #settings: ExporterSettings;
  readonly #head: ObjectHead;
  #writer: ObjectWriter | null = null;

  constructor(settings: ExporterSettings, head: Omit<ObjectHead, 'contentType'>) {
    this.#settings = settings;
    this.#head = { ...head, contentType: CONTENT_TYPE };
  }

  get length(): number {
    return this.digests.length;
  }

  /** Takes one row whose fate is bad. */
  async add(work: PageWork, row: number, options: OperationOptions): Promise<void> {
    const fate = work.fates[row];
    if (fate?.kind !== 'bad') return;
    const { sink, exportId } = this.#settings;
    this.#writer ??= await sink.open(this.#head, options);
    const rowId = work.ids[row] ?? null;
    const { code, message } = fate.error;
    await this.#writer.write(deadLetter(work, row, { code, message, rowId }), options);
    this.digests.add(work.digests[row] ?? '');
    emit(options.observer, { type: 'row-reject', exportId, rowId, code });
  }

  /** Makes them durable; `null` when there are none. */
  async prepare(options: OperationOptions): Promise<PreparedObject | null> {
    return (await this.#writer?.prepare(options)) ?? null;
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }
}

function deadLetter(
  work: PageWork,
  row: number,
  reason: Record<string, string | null>,
): Uint8Array {
  const head = JSON.stringify(reason).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},"row":`), rowText(work, row), Buffer.from('}\n')]);
}

/** The row's own text on one line. Raw line ends can stand between tokens only, where a space means the same. */
function rowText(work: PageWork, row: number): Uint8Array {
  const { bytes, bounds } = work.rows.slice(row, row + 1).text();
  const text = Buffer.from(bytes.subarray(bounds[0], bounds[1]));
  for (let at = 0; at < text.length; at += 1) if (text[at] === 10 || text[at] === 13) text[at] = 32;
  return text;
}
