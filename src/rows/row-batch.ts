import { EncodeError, assert } from '../errors/index.js';
import type { FieldValue, Row, RowBatch, RowFields, RowText } from '../interfaces/index.js';
import { FieldNames, MemberIndex } from './member-index.js';
import { textOfObjects } from './object-text.js';
import { JsonScanner, JsonTextError } from './scanner.js';
import { invalidUtf8Offset } from './utf8.js';

/** Rows as text, and where their top-level members are. */
export interface IndexedText extends RowText {
  readonly members: MemberIndex;
  /** Start and end of each row's members in `members`. */
  readonly memberBounds: Uint32Array;
}

/** At least one of the two forms is there. */
interface RowForms {
  readonly text?: IndexedText | undefined;
  readonly objects?: readonly Row[] | undefined;
}

class Batch implements RowBatch {
  readonly length: number;
  #text: IndexedText | undefined;
  #objects: readonly Row[] | undefined;
  #byteLength: number | undefined;
  readonly #columns = new Map<string, readonly FieldValue[]>();

  constructor(length: number, forms: RowForms) {
    this.length = length;
    this.#text = forms.text;
    this.#objects = forms.objects;
  }

  get byteLength(): number {
    this.#byteLength ??= sizeOf(this.text().bounds);
    return this.#byteLength;
  }

  text(): RowText {
    return this.#indexedText();
  }

  fields(names: readonly string[]): RowFields {
    const missing = names.filter((name) => !this.#columns.has(name));
    if (missing.length > 0) this.#readColumns([...new Set(missing)]);
    return Object.fromEntries(names.map((name) => [name, this.#columns.get(name) ?? []]));
  }

  objects(): readonly Row[] {
    this.#objects ??= parseRows(this.text());
    return this.#objects;
  }

  slice(from: number, to: number): RowBatch {
    assert(from >= 0 && from <= to && to <= this.length, `no rows ${from} to ${to} in the batch`);
    return new Batch(to - from, {
      text: this.#text && {
        ...this.#text,
        bounds: this.#text.bounds.subarray(2 * from, 2 * to),
        memberBounds: this.#text.memberBounds.subarray(2 * from, 2 * to),
      },
      objects: this.#objects?.slice(from, to),
    });
  }

  select(indexes: ArrayLike<number>): RowBatch {
    checkIndexes(indexes, this.length);
    return new Batch(indexes.length, {
      text: this.#text && {
        ...this.#text,
        bounds: selectPairs(this.#text.bounds, indexes),
        memberBounds: selectPairs(this.#text.memberBounds, indexes),
      },
      objects: this.#objects && Array.from(indexes, (index) => this.#objects?.[index] as Row),
    });
  }

  #indexedText(): IndexedText {
    this.#text ??= indexText(textOfObjects(this.#objects ?? []));
    return this.#text;
  }

  #readColumns(names: readonly string[]): void {
    const columns = readColumns(this.#indexedText(), names);
    for (const [index, name] of names.entries()) {
      this.#columns.set(name, Object.freeze(columns[index] ?? []));
    }
  }
}

/**
 * A batch of rows that are JSON text inside `bytes`. The buffer is shared, not copied: it must not change
 * afterwards.
 *
 * Every row is checked at once, in one pass that also finds its top-level members: one that is not a
 * whole JSON object in UTF-8 raises `EncodeError` `ROW_INVALID` with `details.rowIndex` and `details.offset`.
 * @param bounds start and end of each row, two numbers per row, ascending.
 */
export function rowBatchFromText(bytes: Uint8Array, bounds: Uint32Array): RowBatch {
  return new Batch(bounds.length / 2, { text: indexText({ bytes, bounds }) });
}

/** Rows whose text was checked while `members` was filled. For readers that walk the text anyway. */
export function rowBatchFromIndexedText(text: IndexedText): RowBatch {
  return new Batch(text.bounds.length / 2, { text });
}

/**
 * A batch of plain objects, which must not change afterwards. Their text is made by `JSON.stringify` when
 * it is first needed; a row that has none (a BigInt, a cycle, a `toJSON` that gives nothing) raises
 * `EncodeError` `ROW_UNENCODABLE` with `details.rowIndex` then.
 */
export function rowBatchFromObjects(rows: readonly Row[]): RowBatch {
  return new Batch(rows.length, { objects: Object.freeze([...rows]) });
}

/**
 * Where the top-level members of rows are; known already when the text comes from a batch made here.
 * @throws EncodeError `ROW_INVALID` as {@link rowBatchFromText} does, for text of another making.
 */
export function indexedTextOf(text: RowText): IndexedText {
  return isIndexed(text) ? text : indexText(text);
}

function isIndexed(text: RowText): text is IndexedText {
  return 'members' in text && text.members instanceof MemberIndex;
}

function indexText(text: RowText): IndexedText {
  const { bytes, bounds } = text;
  assert(bounds.length % 2 === 0, 'bounds must hold a start and an end for each row');
  if (invalidUtf8Offset(bytes) !== -1) checkUtf8(text);
  const scanner = new JsonScanner(bytes);
  const members = new MemberIndex(bytes);
  const memberBounds = new Uint32Array(bounds.length);
  let before = 0;
  for (let at = 0; at < bounds.length; at += 2) {
    const start = bounds[at] as number;
    const end = bounds[at + 1] as number;
    const ordered = before <= start && start <= end && end <= bytes.length;
    assert(ordered, `the bounds of row ${at / 2} are out of order or outside the buffer`);
    memberBounds[at] = members.end;
    indexRow({ scanner, members, start, end, rowIndex: at / 2 });
    memberBounds[at + 1] = members.end;
    before = end;
  }
  return { bytes, bounds, members, memberBounds };
}

interface RowPlace {
  readonly scanner: JsonScanner;
  readonly members: MemberIndex;
  readonly start: number;
  readonly end: number;
  readonly rowIndex: number;
}

function indexRow({ scanner, members, start, end, rowIndex }: RowPlace): void {
  try {
    const rowEnd = members.addRow(scanner, start);
    if (rowEnd < end) throw new JsonTextError('something stands after the object', rowEnd);
    if (rowEnd > end) throw new JsonTextError('the text is cut off', end);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const reason = error.offset < end ? error.message : 'the text is cut off';
    throw invalidRow(rowIndex, reason, Math.min(error.offset, end) - start);
  }
}

/** Bytes between the rows may be anything. */
function checkUtf8({ bytes, bounds }: RowText): void {
  for (let at = 0; at < bounds.length; at += 2) {
    const offset = invalidUtf8Offset(bytes.subarray(bounds[at], bounds[at + 1]));
    if (offset !== -1) throw invalidRow(at / 2, 'the text is not UTF-8', offset);
  }
}

function invalidRow(rowIndex: number, reason: string, offset: number): EncodeError {
  const where = `Row ${rowIndex} is not a JSON object in UTF-8: ${reason} at its byte ${offset}.`;
  return new EncodeError('ROW_INVALID', where, {
    remedy: 'Each row must be one whole JSON object; see what writes the rows.',
    details: { rowIndex, offset },
  });
}

function parseRows({ bytes, bounds }: RowText): readonly Row[] {
  const buffer = asBuffer(bytes);
  const rows: Row[] = [];
  for (let at = 0; at < bounds.length; at += 2) {
    rows.push(JSON.parse(buffer.toString('utf8', bounds[at], bounds[at + 1])) as Row);
  }
  return Object.freeze(rows);
}

function readColumns(text: IndexedText, names: readonly string[]): readonly FieldValue[][] {
  const buffer = asBuffer(text.bytes);
  const fieldNames = new FieldNames(buffer, names);
  const columns = names.map((): FieldValue[] => []);
  const found = new Int32Array(names.length);
  for (let at = 0; at < text.memberBounds.length; at += 2) {
    const from = text.memberBounds[at] as number;
    const to = text.memberBounds[at + 1] as number;
    text.members.locate(fieldNames, [from, to], found);
    for (const [index, column] of columns.entries()) {
      const place = found[index] as number;
      column.push(place === -1 ? null : text.members.read(buffer, place));
    }
  }
  return columns;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sizeOf(bounds: Uint32Array): number {
  let size = 0;
  for (let at = 0; at < bounds.length; at += 2) {
    size += (bounds[at + 1] as number) - (bounds[at] as number);
  }
  return size;
}

function selectPairs(pairs: Uint32Array, indexes: ArrayLike<number>): Uint32Array {
  const selected = new Uint32Array(indexes.length * 2);
  for (let place = 0; place < indexes.length; place += 1) {
    const index = indexes[place] as number;
    selected[2 * place] = pairs[2 * index] as number;
    selected[2 * place + 1] = pairs[2 * index + 1] as number;
  }
  return selected;
}

function checkIndexes(indexes: ArrayLike<number>, length: number): void {
  let before = -1;
  for (let place = 0; place < indexes.length; place += 1) {
    const index = indexes[place] as number;
    assert(index > before && index < length, 'indexes must ascend and lie inside the batch');
    before = index;
  }
}
