import type { Json } from '../../interfaces/index.js';

/** What the object of a document says: which save wrote it, and the document unless that save deleted it. */
export interface Envelope {
  /** Random, of one save: no two saves ever write equal bytes, so none ever have equal digests for ETags. */
  readonly id: string;
  /** `undefined` once the document is deleted. */
  readonly document: Json | undefined;
}

const ID_DIGITS = 32;
const ENVELOPE = new RegExp(
  `^\\{"revision":"([0-9a-f]{${ID_DIGITS}})"(?:,"document":(.+))?\\}$`,
  's',
);

/** An id for one save, from two of a runtime's. */
export function makeId(newId: () => string): string {
  return (newId() + newId()).slice(0, ID_DIGITS);
}

/** Bytes of an object. `documentText` is JSON, or `null` to say that the document is deleted. */
export function formatEnvelope(id: string, documentText: string | null): Uint8Array {
  const rest = documentText === null ? '' : `,"document":${documentText}`;
  return Buffer.from(`{"revision":"${id}"${rest}}`);
}

/** Size of every tombstone, in bytes. The envelope of a document is longer, however short the document is. */
export const TOMBSTONE_BYTES: number = formatEnvelope('0'.repeat(ID_DIGITS), null).byteLength;

/** Reads what {@link formatEnvelope} wrote; `null` for anything else. */
export function parseEnvelope(bytes: Uint8Array): Envelope | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const match = ENVELOPE.exec(text);
    if (match === null) return null;
    const [, id = '', document] = match;
    return { id, document: document === undefined ? undefined : (JSON.parse(document) as Json) };
  } catch {
    return null; // no UTF-8 or no JSON: the caller says which object it is
  }
}
