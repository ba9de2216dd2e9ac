import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { isExportError, type ErrorCode } from '../../errors/index.js';
import type {
  ListOptions,
  ObjectHead,
  ObjectInfo,
  ObjectWriter,
  PreparedObject,
  Sink,
  Stray,
} from '../../interfaces/index.js';

export type SinkCheck = (kit: SinkKit) => Promise<void>;

/** Rules by name. */
export type SinkChecks = Readonly<Record<string, SinkCheck>>;

/** What the checks of a sink work with. */
export interface SinkKit {
  /** The sink under test, empty. */
  readonly sink: Sink;
  /** Another instance over the same data, as a new process would have; the same one where there is no other. */
  readonly reopen: () => Promise<Sink>;
}

export const EXPORT_ID = 'prod';
const NONCE = '0123456789abcdef';

/** A key that names its export and commit, as a sink may demand. */
export function keyOf(
  name: string,
  { exportId = EXPORT_ID, nonce = NONCE }: Partial<ObjectHead> = {},
): string {
  return `${name}/${exportId}.${nonce}.bin`;
}

export function headOf(key: string, parts: Partial<ObjectHead> = {}): ObjectHead {
  return {
    key,
    contentType: 'application/octet-stream',
    exportId: EXPORT_ID,
    generation: 1,
    nonce: NONCE,
    maxBytes: 64 * 1024 * 1024,
    ...parts,
  };
}

/** Opens a writer and writes the buffers. */
export async function writeAll(
  sink: Sink,
  head: ObjectHead,
  buffers: readonly Uint8Array[],
): Promise<ObjectWriter> {
  const writer = await sink.open(head);
  for (const buffer of buffers) await writer.write(buffer);
  return writer;
}

/** Writes and prepares an object. */
export async function prepare(
  sink: Sink,
  key: string,
  options: { readonly content?: Uint8Array; readonly head?: Partial<ObjectHead> } = {},
): Promise<PreparedObject> {
  const content = options.content ?? text(key);
  return (await writeAll(sink, headOf(key, options.head), [content])).prepare();
}

/** The content of a visible object, or `null`. */
export async function contentOf(sink: Sink, key: string): Promise<Buffer | null> {
  const stream = await sink.get(key);
  if (stream === null) return null;
  const buffers: Uint8Array[] = [];
  for await (const buffer of stream) buffers.push(buffer);
  return Buffer.concat(buffers);
}

export async function keysOf(
  sink: Sink,
  prefix: string,
  options?: ListOptions,
): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of sink.list(prefix, options)) keys.push(key);
  return keys;
}

export async function straysOf(sink: Sink, exportId: string): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for await (const stray of sink.strays(exportId)) strays.push(stray);
  return strays;
}

/** Through the JSON that a checkpoint would hold. */
export function throughJson(prepared: PreparedObject): PreparedObject {
  return JSON.parse(JSON.stringify(prepared)) as PreparedObject;
}

export function text(content: string): Uint8Array {
  return Buffer.from(content);
}

/** Bytes without a period, the same for the same size. */
export function bytesOf(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4)
    bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Fails unless the object is visible with exactly this content, by every way of asking. */
export async function expectVisible(sink: Sink, key: string, content: Uint8Array): Promise<void> {
  const found = await contentOf(sink, key);
  assert.ok(found !== null, `"${key}" cannot be read`);
  assert.ok(Buffer.compare(found, content) === 0, `"${key}" has other content`);
  const seen = await sink.head(key);
  assert.ok(seen !== null, `"${key}" has no head`);
  assert.deepEqual(sizeOf(seen), { key, bytes: content.byteLength });
  const listed = [];
  for await (const object of sink.list(key)) if (object.key === key) listed.push(sizeOf(object));
  assert.deepEqual(listed, [{ key, bytes: content.byteLength }], `"${key}" is not listed so`);
}

function sizeOf({ key, bytes }: ObjectInfo): ObjectInfo {
  return { key, bytes };
}

/** Fails if anything of the object can be seen. */
export async function expectInvisible(sink: Sink, key: string): Promise<void> {
  assert.equal(await contentOf(sink, key), null, `"${key}" can be read`);
  assert.equal(await sink.head(key), null, `"${key}" has a head`);
  assert.deepEqual(await keysOf(sink, ''), [], 'something is listed');
}

/** Fails unless the promise rejects with an error of the library with this code. */
export async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await rejectionOf(promise);
  assert.ok(isExportError(error, code), `expected ${code}, not ${String(error)}`);
}

/** What the promise rejects with; fails when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let rejection: { readonly reason: unknown } | null = null;
  try {
    await promise;
  } catch (error) {
    rejection = { reason: error };
  }
  assert.ok(rejection !== null, 'expected a rejection');
  return rejection.reason;
}

/** Fails unless the promise rejects with the very reason of the abort. */
export async function expectAborted(
  operation: string,
  run: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const reason = new Error(`abort of ${operation}`);
  const rejected = await rejectionOf(run(AbortSignal.abort(reason)));
  assert.ok(
    rejected === reason,
    `${operation} rejects with ${String(rejected)}, not signal.reason`,
  );
}

/** Reads an iterable to its end. */
export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) void item;
}
