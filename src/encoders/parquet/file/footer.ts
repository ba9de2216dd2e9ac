import type { Column } from '../schema.js';
import type { ChunkFacts } from './chunk.js';
import { PHYSICAL_TYPES } from './leaf.js';
import { ENCODINGS } from './page-writer.js';
import { schemaElements, writeSchemaElement } from './schema-elements.js';
import { ThriftWriter } from './thrift.js';

/** At both ends of a file. */
export const MAGIC: Uint8Array = Uint8Array.from(Buffer.from('PAR1'));

const FORMAT_VERSION = 1;
/** Readers parse it, and distrust the bounds of strings when they cannot. */
const CREATED_BY = 'tracehaul version 1';

/** One row group as the footer describes it. */
export interface RowGroupFacts {
  readonly rows: number;
  readonly chunks: readonly ChunkFacts[];
}

/** The same row group so many bytes further on in the file. */
export function movedRowGroup({ rows, chunks }: RowGroupFacts, bytes: number): RowGroupFacts {
  const moved = chunks.map((chunk) => ({
    ...chunk,
    dictionaryOffset: chunk.dictionaryOffset === null ? null : chunk.dictionaryOffset + bytes,
    dataOffset: chunk.dataOffset + bytes,
  }));
  return { rows, chunks: moved };
}

/** What the footer says. */
export interface FileFacts {
  readonly columns: readonly Column[];
  readonly rowGroups: readonly RowGroupFacts[];
  /** Number of the codec in the format. */
  readonly codec: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The end of a file: the footer, its size, and the magic bytes. */
export function footerOf({ columns, rowGroups, codec, metadata }: FileFacts): Uint8Array {
  const thrift = new ThriftWriter();
  const elements = schemaElements(columns);
  thrift.i32(1, FORMAT_VERSION);
  thrift.structs(2, elements, (element) => writeSchemaElement(thrift, element));
  thrift.i64(
    3,
    rowGroups.reduce((sum, { rows }) => sum + rows, 0),
  );
  thrift.structs(4, rowGroups, (group) => writeRowGroup(thrift, group, codec));
  thrift.structs(5, Object.entries(metadata), ([key, value]) => {
    thrift.binary(1, key);
    thrift.binary(2, value);
  });
  thrift.binary(6, CREATED_BY);
  const leaves = elements.filter(({ type }) => type !== undefined);
  // Bounds are in the order that the type of each leaf defines.
  thrift.structs(7, leaves, () => thrift.struct(1, () => undefined));
  const footer = thrift.finish();
  const size = Buffer.alloc(4);
  size.writeUInt32LE(footer.length);
  return Buffer.concat([footer, size, MAGIC]);
}

function writeRowGroup(thrift: ThriftWriter, { rows, chunks }: RowGroupFacts, codec: number): void {
  const [first] = chunks;
  thrift.structs(1, chunks, (chunk) => writeChunk(thrift, chunk, codec));
  thrift.i64(
    2,
    chunks.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0),
  );
  thrift.i64(3, rows);
  thrift.i64(5, first?.dictionaryOffset ?? first?.dataOffset ?? 0);
  thrift.i64(
    6,
    chunks.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0),
  );
}

function writeChunk(thrift: ThriftWriter, chunk: ChunkFacts, codec: number): void {
  const { shape, dictionaryOffset, dataOffset } = chunk;
  const values = dictionaryOffset === null ? [] : [ENCODINGS.dictionary];
  thrift.i64(2, dictionaryOffset ?? dataOffset);
  thrift.struct(3, () => {
    thrift.i32(1, PHYSICAL_TYPES[shape.type]);
    thrift.i32s(2, [ENCODINGS.plain, ENCODINGS.rle, ...values]);
    thrift.strings(3, shape.path);
    thrift.i32(4, codec);
    thrift.i64(5, chunk.valueCount);
    thrift.i64(6, chunk.uncompressedBytes);
    thrift.i64(7, chunk.compressedBytes);
    thrift.i64(9, dataOffset);
    if (dictionaryOffset !== null) thrift.i64(11, dictionaryOffset);
    if (chunk.nullCount !== null) thrift.struct(12, () => writeStatistics(thrift, chunk));
  });
}

function writeStatistics(thrift: ThriftWriter, { nullCount, bounds }: ChunkFacts): void {
  thrift.i64(3, nullCount ?? 0);
  if (bounds === null) return;
  thrift.binary(5, bounds.max);
  thrift.binary(6, bounds.min);
}
