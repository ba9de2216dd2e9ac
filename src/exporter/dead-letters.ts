import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  RowIdentity,
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
    const { sink, exportId, source, deadLetterRows } = this.#settings;
    this.#writer ??= await sink.open(this.#head, options);
    const rowId = work.ids[row] ?? null;
    const { code, message } = fate.error;
    const text =
      deadLetterRows === 'source'
        ? rowText(work, row)
        : identityText(work, row, source.rowIdentity);
    await this.#writer.write(deadLetter({ code, message, rowId }, text), options);
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

function deadLetter(reason: Record<string, string | null>, text: Uint8Array): Uint8Array {
  const head = JSON.stringify(reason).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},"row":`), text, Buffer.from('}\n')]);
}

/** The fields that name the row, as text; those that it lacks are null. */
function identityText(work: PageWork, row: number, identity: RowIdentity): Uint8Array {
  const names = [identity.object, identity.id, identity.version, identity.created];
  const known = names.filter((name) => name !== null);
  const fields = work.rows.fields(known);
  const values = known.map((name) => [name, fields[name]?.[row] ?? null] as const);
  return Buffer.from(JSON.stringify(Object.fromEntries(values)));
}

/** The row's own text on one line. Raw line ends can stand between tokens only, where a space means the same. */
function rowText(work: PageWork, row: number): Uint8Array {
  const { bytes, bounds } = work.rows.slice(row, row + 1).text();
  const text = Buffer.from(bytes.subarray(bounds[0], bounds[1]));
  for (let at = 0; at < text.length; at += 1) if (text[at] === 10 || text[at] === 13) text[at] = 32;
  return text;
}
