/** Whose an object is, as its key tells. */
export interface ObjectOwner {
  readonly exportId: string;
  readonly nonce: string;
}

const COMPANION = /^_[^/]+\/([A-Za-z0-9_-]+)\//;
const EXPORT_ID_FIRST = /^([A-Za-z0-9_-]+)\./;
const NONCE = /^[0-9a-f]{16}$/;

/**
 * Reads the export id and the nonce out of a key, or gives `null` when it names none. They stand in the file name,
 * `{exportId}.….{nonce}.…`; below a folder that begins with `_`, the id is the folder after it.
 *
 * Stores that tell of an unfinished upload nothing but its key find strays by it, so the id is read at one place
 * only: a folder of a field's value can never pass for an export.
 */
export function ownerOfKey(key: string): ObjectOwner | null {
  const fileName = key.slice(key.lastIndexOf('/') + 1);
  const companion = COMPANION.exec(key);
  const exportId = (companion ?? EXPORT_ID_FIRST.exec(fileName))?.[1];
  const parts = fileName.split('.').slice(companion === null ? 1 : 0);
  const nonce = parts.findLast((part) => NONCE.test(part));
  return exportId === undefined || nonce === undefined ? null : { exportId, nonce };
}
