import { createHash } from 'node:crypto';

import type { Json } from '../../interfaces/index.js';
import { corruptError } from './errors.js';

/** What one revision says: a document, or that there is none any more. */
export type RevisionContent = { readonly document: Json } | { readonly deleted: true };

const NUMBER_DIGITS = 12;
const REVISION_NAME = new RegExp(`^(\\d{${NUMBER_DIGITS}})\\.json$`);
const TEMPORARY_NAME = new RegExp(`^\\.(\\d{${NUMBER_DIGITS}})-[0-9a-f]+\\.tmp$`);

export function revisionName(number: number): string {
  return `${String(number).padStart(NUMBER_DIGITS, '0')}.json`;
}

/** The name under which revision `number` is written before it counts. */
export function temporaryName(number: number, id: string): string {
  return `.${String(number).padStart(NUMBER_DIGITS, '0')}-${id}.tmp`;
}

/** The revision that a file name stands for, or `null`. */
export function revisionOf(name: string): number | null {
  const match = REVISION_NAME.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The revision that a temporary file was to become, or `null`. */
export function temporaryRevisionOf(name: string): number | null {
  const match = TEMPORARY_NAME.exec(name);
  return match === null ? null : Number(match[1]);
}

/** Text of a file: the document's JSON between a checksum and the end. `null` stands for a deletion. */
export function formatRevision(documentJson: string | null): string {
  const body = documentJson === null ? '"deleted":true' : `"document":${documentJson}`;
  return `{"sha256":"${checksum(body)}",${body}}\n`;
}

/** Reads such a text; anything but exactly what was written is `CHECKPOINT_CORRUPT`. */
export function parseRevision(
  bytes: Buffer,
  place: { readonly key: string; readonly file: string },
): RevisionContent {
  if (bytes.byteLength === 0) throw corruptError(place, 'is empty');
  const match = /^\{"sha256":"([0-9a-f]{64})",(.*)\}\n$/s.exec(bytes.toString());
  if (match === null) throw corruptError(place, 'is cut off or not a document of this store');
  const body = match[2] as string;
  if (checksum(body) !== match[1]) throw corruptError(place, 'does not match its checksum');
  return JSON.parse(`{${body}}`) as RevisionContent;
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
