import { hash } from 'node:crypto';

import { SinkError } from '../errors/index.js';
import { DIGEST_BYTES, type DigestText } from '../util/digest-table.js';

export { DIGEST_BYTES, type DigestText } from '../util/digest-table.js';

/** Media type of a row index. */
export const ROW_INDEX_CONTENT_TYPE: string = 'application/octet-stream';
const HEADER_MAX_BYTES = 1024 * 1024;
/** A million digests make buckets of about a thousand: a millisecond of sorting at a time. */
const BUCKET_BITS = 10;
const BUCKETS = 1 << BUCKET_BITS;
const BUCKET_START_ROWS = 4;

/** One object's part of a row index. */
export interface IndexGroup {
  /** Key of the object that holds the rows. */
  readonly object: string;
  /** Number of digests: source rows, not rows of the object, which `transform` may have multiplied. */
  readonly rows: number;
  /** True for the dead letters: their rows are in no object of the export. */
  readonly rejected: boolean;
}

/** The header line of a row index. */
export interface IndexHeader {
  readonly format: 'tracehaul-row-index';
  readonly version: 1;
  readonly groups: readonly IndexGroup[];
}

/** As {@link rowDigest}, in the form that the exporter works with. */
export function digestText(object: string, id: string, version: string): DigestText {
  const text =
    `${Buffer.byteLength(object)}:${object}` +
    `${Buffer.byteLength(id)}:${id}` +
    `${Buffer.byteLength(version)}:${version}`;
  return hash('sha256', text, 'binary').slice(0, DIGEST_BYTES);
}

/**
 * The digest of one row version: the first 16 bytes of the SHA-256 of the three texts, each preceded by
 * its length in UTF-8 bytes and a colon.
 */
export function rowDigest(object: string, id: string, version: string): Buffer {
  return Buffer.from(digestText(object, id, version), 'latin1');
}

/** A growing set of digests; sorted piece by piece, so that the event loop stays free. */
export class DigestSet {
  readonly #buckets: Buffer[] = [];
  readonly #rows = new Uint32Array(BUCKETS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(digest: DigestText): void {
    const start = (digest.charCodeAt(0) << 8) | digest.charCodeAt(1);
    const bucket = start >> (16 - BUCKET_BITS);
    const rows = this.#rows[bucket] ?? 0;
    let buffer = this.#buckets[bucket] ?? Buffer.alloc(BUCKET_START_ROWS * DIGEST_BYTES);
    if ((rows + 1) * DIGEST_BYTES > buffer.length)
      buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
    buffer.write(digest, rows * DIGEST_BYTES, 'latin1');
    this.#buckets[bucket] = buffer;
    this.#rows[bucket] = rows + 1;
    this.#length += 1;
  }

  /** The digests in ascending order, in buffers of whole digests. */
  *sorted(): Generator<Buffer, void, undefined> {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const rows = this.#rows[bucket] ?? 0;
      const buffer = this.#buckets[bucket];
      if (buffer === undefined || rows === 0) continue;
      const digests = Array.from({ length: rows }, (_, row) =>
        buffer.subarray(row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES),
      );
      yield Buffer.concat(digests.sort((a, b) => Buffer.compare(a, b)));
    }
  }
}

/** The header line of a row index, with its line feed. */
export function indexHeader(groups: readonly IndexGroup[]): Buffer {
  const header: IndexHeader = { format: 'tracehaul-row-index', version: 1, groups };
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/** A reader of one row index: the header first, then the digests of the groups in order. */
export interface IndexReader {
  readonly header: IndexHeader;
  /** All digests of the file in order of groups; each buffer holds whole digests. */
  digests(): AsyncIterable<Buffer>;
}

/**
 * Reads a row index as a stream, in bounded memory.
 * @throws `OBJECT_CORRUPT` when it is no row index, or shorter or longer than its header says.
 */
export async function readIndex(
  key: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<IndexReader> {
  const stream = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const { value, done } = await stream.next();
    if (done === true || head.length > HEADER_MAX_BYTES) throw corruptIndex(key, 'has no header');
    head = Buffer.concat([head, value]);
    end = head.indexOf(10);
  }
  const header = parseHeader(key, head.subarray(0, end).toString('utf8'));
  const first = head.subarray(end + 1);
  return { header, digests: () => wholeDigests({ key, header, first, stream }) };
}

interface DigestStream {
  readonly key: string;
  readonly header: IndexHeader;
  readonly first: Buffer;
  readonly stream: AsyncIterator<Uint8Array>;
}

async function* wholeDigests(from: DigestStream): AsyncGenerator<Buffer, void, undefined> {
  const expected = from.header.groups.reduce((sum, group) => sum + group.rows, 0) * DIGEST_BYTES;
  let rest: Buffer = from.first;
  let given = 0;
  try {
    for (;;) {
      const whole = rest.length - (rest.length % DIGEST_BYTES);
      if (whole > 0) yield rest.subarray(0, whole);
      given += whole;
      rest = rest.subarray(whole);
      const { value, done } = await from.stream.next();
      if (done === true) break;
      rest = Buffer.concat([rest, value]);
    }
  } finally {
    await from.stream.return?.();
  }
  if (given !== expected || rest.length > 0)
    throw corruptIndex(from.key, `holds ${given + rest.length} bytes of digests, not ${expected}`);
}

function parseHeader(key: string, line: string): IndexHeader {
  let header: IndexHeader;
  try {
    header = JSON.parse(line) as IndexHeader;
  } catch {
    throw corruptIndex(key, 'has no header');
  }
  const known = header?.format === 'tracehaul-row-index' && header.version === 1;
  if (known && Array.isArray(header.groups)) return header;
  throw corruptIndex(key, 'is of another form');
}

function corruptIndex(key: string, problem: string): SinkError {
  return new SinkError('OBJECT_CORRUPT', `The row index ${key} ${problem}.`, {
    remedy: 'Restore the object from a copy, or call reset() to begin the export again.',
    details: { key },
  });
}
