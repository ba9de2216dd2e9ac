import { SourceError } from '../../errors/index.js';
import { type ThriftStruct, type ThriftValue, readStruct } from './thrift-reader.js';

const MAGIC = 'PAR1';
/** Behind the footer: its size and the magic bytes. */
const TAIL_BYTES = 8;
/** Numbers of fields: of the file's metadata, and of a row group. */
const FILE_ROWS = 3;
const FILE_ROW_GROUPS = 4;
const GROUP_ROWS = 3;

/**
 * How many rows a Parquet file has: its footer says it twice, and both must agree.
 * @throws SourceError `SOURCE_PROTOCOL` for what is no whole Parquet file.
 */
export function parquetRows(file: Uint8Array): number {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (bytes.toString('latin1', 0, 4) !== MAGIC) throw notParquet('does not begin as one', {});
  const isEnded =
    bytes.length >= 4 + TAIL_BYTES && bytes.toString('latin1', bytes.length - 4) === MAGIC;
  // Where the text of an answer ends too early, the client asks again.
  if (!isEnded) throw notParquet('has no end', { offset: bytes.length });
  const end = bytes.length - TAIL_BYTES;
  const size = bytes.readUInt32LE(end);
  if (size > end - 4) throw notParquet('has a footer larger than itself', {});
  return rowsOf(readFooter(bytes.subarray(end - size, end)));
}

function readFooter(bytes: Uint8Array): ThriftStruct {
  try {
    return readStruct(bytes);
  } catch (cause) {
    throw notParquet('has a footer that cannot be read', { cause });
  }
}

function rowsOf(footer: ThriftStruct): number {
  const rows = footer.get(FILE_ROWS);
  const groups = footer.get(FILE_ROW_GROUPS);
  if (typeof rows !== 'number' || !Array.isArray(groups))
    throw notParquet('has a footer without rows', {});
  const counted = groups.reduce<number>((sum, group) => sum + rowsOfGroup(group as ThriftValue), 0);
  if (counted === rows) return rows;
  throw notParquet(`says ${rows} rows, and its row groups say ${counted}`, {});
}

function rowsOfGroup(group: ThriftValue): number {
  const rows = group instanceof Map ? (group as ThriftStruct).get(GROUP_ROWS) : undefined;
  return typeof rows === 'number' ? rows : Number.NaN;
}

function notParquet(
  problem: string,
  { offset, cause }: { readonly offset?: number; readonly cause?: unknown },
): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `The answer is no Parquet file: it ${problem}.`, {
    remedy: 'Run again; if it stays so, export with `parquetEncoder` instead.',
    ...(offset === undefined ? {} : { details: { offset } }),
    ...(cause === undefined ? {} : { cause }),
  });
}
