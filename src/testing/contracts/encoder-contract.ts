import assert from 'node:assert/strict';

import type { Awaitable, Encoder, ObjectEncoder, Row, RowBatch } from '../../interfaces/index.js';
import { rowBatchFromObjects } from '../../rows/row-batch.js';
import type { ContractCase } from './contract-case.js';
import { batchOf, batchOfBytes, sampleTexts } from './encoder-rows.js';

export interface EncoderContractOptions {
  /** A fresh encoder; every one it gives must have the same options. */
  readonly create: () => Awaitable<Encoder>;
  /**
   * Reads a finished object with a reader that shares no code with the encoder: the JSON text of every
   * row, in order. It must refuse an object that is not whole.
   */
  readonly read: (object: Uint8Array) => Awaitable<readonly string[]>;
  readonly supports?: EncoderSupports | undefined;
}

/** What an encoder need not do. */
export interface EncoderSupports {
  /**
   * Whether the text of a row comes back as it was, number spelling and duplicate keys included.
   * @defaultValue true
   */
  readonly verbatim?: boolean | undefined;
}

type Check = (kit: Kit) => Promise<void>;

/** The rules of {@link Encoder} as cases for any test runner. May gain cases in a minor version. */
export function encoderContract(options: EncoderContractOptions): readonly ContractCase[] {
  const verbatim = options.supports?.verbatim ?? true;
  return Object.entries(CHECKS).map(([name, check]) => ({
    name,
    skip: check === keepsText && !verbatim,
    run: () => check(new Kit(options)),
  }));
}

const CHECKS: Readonly<Record<string, Check>> = {
  'names itself in a way that keys, headers and fingerprints can use': namesItself,
  'an object without rows is valid and has none': ({ expectRoundTrip }) => expectRoundTrip([]),
  'one row comes back': ({ expectRoundTrip }) => expectRoundTrip([batchOf('{"id":"a"}')]),
  'rows of all shapes come back in order': ({ expectRoundTrip }) =>
    expectRoundTrip([batchOf(...sampleTexts())]),
  'the text of a row comes back as it was': keepsText,
  'whitespace between tokens changes nothing': ({ expectRoundTrip }) =>
    expectRoundTrip([batchOf('{ "id" :\t"a"\r\n,\n"n": [ 1 ,\n2 ] }', '{"id":"b"}')]),
  'many writes make one object, empty batches among them': ({ expectRoundTrip }) =>
    expectRoundTrip([batchOf('{"id":"a"}'), batchOf(), batchOf('{"id":"b"}', '{"id":"c"}')]),
  'more rows than fit into its buffers come back': manyRows,
  'a row of 5 MB comes back': ({ expectRoundTrip }) =>
    expectRoundTrip([batchOf(`{"id":"a","input":"${'long '.repeat(1_000_000)}"}`, '{"id":"b"}')]),
  'slices and selections hold their rows only': partsOfBatches,
  'rows given as objects come back': ({ expectRoundTrip }) =>
    expectRoundTrip([rowBatchFromObjects(sampleTexts().map((text) => JSON.parse(text) as Row))]),
  'a row without JSON text is refused and named, and leaves the object as it was': (kit) =>
    leavesObjectAlone(kit, rowBatchFromObjects([{ id: 'x' }, { id: 'y' }, { id: 1n }])),
  'a row that is not UTF-8 is refused and named, and leaves the object as it was': (kit) =>
    leavesObjectAlone(kit, batchOfBytes('{"id":"x"}', '{"id":"y"}', '{"id":"\u{ff}"}')),
  'the same rows in the same calls give the same bytes': sameBytes,
  'the commit that an object is made for changes no row': changesNoRow,
  'objects of one encoder do not mix': separateObjects,
  'bytes that were given out belong to the caller': ownsOutput,
  'rows are not changed': leavesRowsAlone,
  'pendingBytes is a whole number of bytes': pendingBytes,
  'nothing but abort() may follow finish()': closedAfterFinish,
  'nothing but abort() may follow abort()': closedAfterAbort,
  'abort() may come at any time, any number of times': abortAnytime,
};

/** What the checks work with. Its functions are bound, so that checks can take them apart. */
class Kit {
  readonly create: () => Promise<Encoder>;
  readonly read: (object: Uint8Array) => Promise<readonly string[]>;

  constructor(options: EncoderContractOptions) {
    this.create = async () => options.create();
    this.read = async (object) => options.read(object);
  }

  readonly open = async (): Promise<ObjectEncoder> => (await this.create()).open();

  /** The object made of the batches, one write each. */
  readonly encode = async (batches: readonly RowBatch[]): Promise<Uint8Array> => {
    const object = await this.open();
    const chunks: Uint8Array[] = [];
    let rows = 0;
    for (const batch of batches) {
      chunks.push(...(await object.write(batch)));
      rows += batch.length;
      assert.equal(object.rowCount, rows, 'rowCount does not count the rows taken');
    }
    chunks.push(...(await object.finish()));
    assert.equal(object.rowCount, rows, 'rowCount changed at the end');
    return Buffer.concat(chunks);
  };

  readonly expectRoundTrip = async (batches: readonly RowBatch[]): Promise<void> => {
    const expected = batches.flatMap((batch) => batch.objects());
    const texts = await this.read(await this.encode(batches));
    assert.equal(texts.length, expected.length, 'the object has another number of rows');
    for (const [index, text] of texts.entries()) {
      assert.deepEqual(JSON.parse(text), plain(expected[index]), `row ${index} differs`);
    }
  };
}

function plain(row: unknown): unknown {
  return JSON.parse(JSON.stringify(row));
}

/** Says that bytes differ without printing them. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array, message: string): void {
  assert.ok(Buffer.compare(actual, expected) === 0, message);
}

async function namesItself({ create }: Kit): Promise<void> {
  const encoder = await create();
  assert.match(encoder.format, /^[a-z][a-z0-9-]*$/);
  assert.match(encoder.compression, /^[a-z][a-z0-9-]*$/);
  assert.match(encoder.extension, /^(\.[a-z0-9]+)+$/);
  assert.match(encoder.contentType, /^[\w.+-]+\/[\w.+-]+$/);
  assert.deepEqual(plain(encoder.identity), encoder.identity);
  assert.deepEqual((await create()).identity, encoder.identity);
}

async function keepsText({ encode, read }: Kit): Promise<void> {
  const texts = [
    '{"n":12345678901234567890.10,"e":1E+05,"z":-0.0}',
    '{"id":"a","id":"b"}',
    String.raw`{"s":"\u0061\/\ud83d\ude00\ud800"}`,
    '{"b":1,"a":2,"1":3}',
  ];
  assert.deepEqual(await read(await encode([batchOf(...texts)])), texts);
}

async function manyRows({ expectRoundTrip }: Kit): Promise<void> {
  const batches: RowBatch[] = [];
  for (let page = 0; page < 12; page += 1) {
    const texts: string[] = [];
    for (let row = 0; row < 500; row += 1) {
      const place = page * 500 + row;
      const filler = `${(place * 2_654_435_761) % 4_294_967_296} `.repeat(place % 173);
      texts.push(`{"id":"row-${place}","input":"${filler}"}`);
    }
    batches.push(batchOf(...texts));
  }
  await expectRoundTrip(batches);
}

async function partsOfBatches({ expectRoundTrip }: Kit): Promise<void> {
  const batch = batchOf(...Array.from({ length: 9 }, (_, index) => `{"id":"${index}"}`));
  await expectRoundTrip([batch.slice(2, 5), batch.select([0, 3, 8]), batch.slice(4, 4)]);
}

async function leavesObjectAlone({ open, encode, read }: Kit, bad: RowBatch): Promise<void> {
  const good = [batchOf('{"id":"a"}'), batchOf('{"id":"b"}')] as const;
  const object = await open();
  const chunks = [...(await object.write(good[0]))];
  const expected = { code: 'ROW_UNENCODABLE', details: { rowIndex: 2 } };
  await assert.rejects(
    async () => object.write(bad),
    (error) => {
      const { code, details } = error as Partial<typeof expected>;
      assert.deepEqual({ code, details: { rowIndex: details?.rowIndex } }, expected);
      return true;
    },
  );
  assert.equal(object.rowCount, 1, 'rowCount counts refused rows');
  chunks.push(...(await object.write(good[1])), ...(await object.finish()));
  const bytes = Buffer.concat(chunks);
  assert.equal((await read(bytes)).length, 2, 'rows of the refused batch are in the object');
  assertSameBytes(bytes, await encode(good), 'the refused batch left traces');
}

async function sameBytes({ encode }: Kit): Promise<void> {
  const batches = [batchOf(...sampleTexts()), batchOf('{"id":"z"}')];
  assertSameBytes(await encode(batches), await encode(batches), 'the bytes differ');
}

async function changesNoRow({ create, read }: Kit): Promise<void> {
  const origin = { exportId: 'an-export', generation: 2, sequence: 41 };
  const encode = async (): Promise<Uint8Array> => {
    const object = await (await create()).open(origin);
    const chunks = [...(await object.write(batchOf('{"id":"a"}', '{"id":"b"}')))];
    chunks.push(...(await object.finish()));
    return Buffer.concat(chunks);
  };
  const bytes = await encode();
  const ids = (await read(bytes)).map((text) => (JSON.parse(text) as Row)['id']);
  assert.deepEqual(ids, ['a', 'b'], 'the object has other rows');
  assertSameBytes(await encode(), bytes, 'the bytes differ');
}

async function separateObjects({ create, read }: Kit): Promise<void> {
  const encoder = await create();
  const objects = [await encoder.open(), await encoder.open()] as const;
  const chunks: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const round of [0, 1]) {
    chunks[0].push(...(await objects[0].write(batchOf(`{"id":"a${round}"}`))));
    chunks[1].push(...(await objects[1].write(batchOf(`{"id":"b${round}"}`))));
  }
  chunks[1].push(...(await objects[1].finish()));
  chunks[0].push(...(await objects[0].finish()));
  const ids = async (object: readonly Uint8Array[]): Promise<unknown[]> =>
    (await read(Buffer.concat(object))).map((text) => (JSON.parse(text) as Row)['id']);
  assert.deepEqual(await ids(chunks[0]), ['a0', 'a1']);
  assert.deepEqual(await ids(chunks[1]), ['b0', 'b1']);
}

async function ownsOutput({ open, encode }: Kit): Promise<void> {
  const filler = Array.from({ length: 40_000 }, (_, index) => (index * index) % 99_991).join(' ');
  const batches = Array.from({ length: 20 }, (_, row) => batchOf(`{"id":"${row}${filler}"}`));
  const object = await open();
  const kept: Uint8Array[] = [];
  const given: (readonly [Uint8Array, Uint8Array])[] = [];
  const take = (chunks: readonly Uint8Array[]): void => {
    for (const chunk of chunks) {
      kept.push(Uint8Array.from(chunk));
      given.push([chunk, Uint8Array.from(chunk.fill(0x58))]);
    }
  };
  for (const batch of batches) take(await object.write(batch));
  take(await object.finish());
  assertSameBytes(Buffer.concat(kept), await encode(batches), 'later bytes rest on earlier ones');
  for (const [chunk, copy] of given) {
    assertSameBytes(chunk, copy, 'bytes changed after they were given out');
  }
}

async function leavesRowsAlone({ encode }: Kit): Promise<void> {
  const batch = batchOf(...sampleTexts(), '{\n"id":\r"a" }');
  const { bytes, bounds } = batch.text();
  const before = [Uint8Array.from(bytes), Uint32Array.from(bounds)] as const;
  await encode([batch]);
  assertSameBytes(bytes, before[0], 'the text of the rows was changed');
  assert.deepEqual(bounds, before[1]);
}

async function pendingBytes({ open }: Kit): Promise<void> {
  const object = await open();
  for (const id of ['a', 'b', 'c']) {
    assert.ok(Number.isSafeInteger(object.pendingBytes) && object.pendingBytes >= 0);
    await object.write(batchOf(`{"id":"${id}"}`));
  }
  assert.ok(Number.isSafeInteger(object.pendingBytes) && object.pendingBytes >= 0);
  await object.finish();
}

async function closedAfterFinish({ open }: Kit): Promise<void> {
  const object = await open();
  await object.write(batchOf('{"id":"a"}'));
  await object.finish();
  await assert.rejects(async () => object.write(batchOf('{"id":"b"}')), 'write() after finish()');
  await assert.rejects(async () => object.finish(), 'finish() after finish()');
  object.abort();
}

async function closedAfterAbort({ open }: Kit): Promise<void> {
  const object = await open();
  await object.write(batchOf('{"id":"a"}'));
  object.abort();
  await assert.rejects(async () => object.write(batchOf('{"id":"b"}')), 'write() after abort()');
  await assert.rejects(async () => object.finish(), 'finish() after abort()');
}

async function abortAnytime({ open, encode, read }: Kit): Promise<void> {
  const fresh = await open();
  fresh.abort();
  fresh.abort();
  const used = await open();
  await used.write(batchOf('{"id":"a"}'));
  used.abort();
  used.abort();
  const finished = await open();
  const bytes = [...(await finished.write(batchOf('{"id":"b"}'))), ...(await finished.finish())];
  finished.abort();
  finished.abort();
  assert.equal((await read(Buffer.concat(bytes))).length, 1);
  await encode([batchOf('{"id":"c"}')]);
}
