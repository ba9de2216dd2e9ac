import { createGunzip } from 'node:zlib';

import { ByteBuffer, ByteLimitError } from './byte-buffer.js';

const GUNZIP_PIECE_BYTES = 256 * 1024;

export interface BodyLimits {
  /** Most bytes as received, and most bytes once decompressed. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the body of a response piece by piece into one buffer. What still begins like gzip afterwards is
 * decompressed: objects behind a redirect often lack the header that says so.
 * @throws ByteLimitError as soon as either size passes the limit; the rest is not read.
 */
export async function readBody(response: Response, limits: BodyLimits): Promise<Buffer> {
  const received = await readReceived(response, limits);
  return isGzip(received) ? await gunzip(received, limits) : received;
}

/** The first `maxBytes` of a body as text; what follows is left unread. */
export async function readTextStart(response: Response, limits: BodyLimits): Promise<string> {
  const body = new ByteBuffer(limits.maxBytes);
  for await (const piece of piecesOf(response, limits.signal)) {
    const room = limits.maxBytes - body.length;
    body.append(piece.subarray(0, room));
    if (piece.length >= room) break;
  }
  return body.take().toString('utf8');
}

/** Reads the body of a response piece by piece into one buffer, and leaves it as it is. */
export async function readReceived(response: Response, limits: BodyLimits): Promise<Buffer> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > limits.maxBytes) {
    await response.body?.cancel();
    throw new ByteLimitError(limits.maxBytes);
  }
  const body = new ByteBuffer(limits.maxBytes, announced);
  for await (const piece of piecesOf(response, limits.signal)) body.append(piece);
  return body.take();
}

/** Leaving the loop early cancels the body and so frees its socket. */
async function* piecesOf(
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // A body that failed already cannot be cancelled; its own error is the one to tell.
    await reader.cancel().catch(() => undefined);
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Runs on the thread pool; the pieces come back one at a time, so a bomb is stopped at the limit. */
async function gunzip(compressed: Uint8Array, limits: BodyLimits): Promise<Buffer> {
  const stream = createGunzip({ chunkSize: GUNZIP_PIECE_BYTES });
  const body = new ByteBuffer(limits.maxBytes, compressed.length * 4);
  stream.end(compressed);
  for await (const piece of stream) {
    limits.signal?.throwIfAborted();
    body.append(piece as Uint8Array);
  }
  return body.take();
}
