import { signChunk, type Signer } from './sign.js';

/** A body in chunks of which each carries a signature that vouches for all before it. */
export interface SignedChunks {
  /** Bytes on the wire; known before the signatures are. */
  readonly length: number;
  readonly sign: (signer: Signer, signature: string) => Buffer;
}

const CHUNK_BYTES = 64 * 1024;

const SIGNATURE_LENGTH = 64;

/** Wraps a body; one byte of the chunk with the index `changed` becomes another after it was signed. */
export function signedChunks(content: Buffer, changed: number | null): SignedChunks {
  const chunks: Buffer[] = [];
  for (let start = 0; start < content.length; start += CHUNK_BYTES) {
    chunks.push(content.subarray(start, start + CHUNK_BYTES));
  }
  chunks.push(Buffer.alloc(0));
  const blank = '0'.repeat(SIGNATURE_LENGTH);
  return {
    length: chunks.reduce((sum, chunk) => sum + wrap(chunk, blank).length, 0),
    sign(signer, signature) {
      let previous = signature;
      const wrapped = chunks.map((chunk, index) => {
        previous = signChunk(signer, previous, chunk);
        return wrap(index === changed ? spoil(chunk) : chunk, previous);
      });
      return Buffer.concat(wrapped);
    },
  };
}

function wrap(chunk: Buffer, signature: string): Buffer {
  const head = `${chunk.length.toString(16)};chunk-signature=${signature}\r\n`;
  return Buffer.concat([Buffer.from(head), chunk, Buffer.from('\r\n')]);
}

function spoil(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy.writeUInt8(copy.readUInt8(0) ^ 1, 0);
  return copy;
}
