import type { StoredEnvelope } from './read-envelope.js';

/** Where a save comes from, for the request that replaces it. */
interface Revision {
  readonly id: string;
  /** Without quotes. */
  readonly etag: string;
}

/**
 * One ETag, and nothing that a server could take for a list or for "any". The id ends the text, so that a longer text
 * is none of ours: of an ETag, radosgw compares only as much as its own is long.
 */
const REVISION = /^([^\s",*]+):[0-9a-f]{32}$/;

/** The revision that the host names in its next save. */
export function formatRevision({ id, etag }: Revision): string {
  return `${etag}:${id}`;
}

/** The ETag to compare with, or `null` for a text that no save of this store gave. */
export function etagOf(revision: string): string | null {
  return REVISION.exec(revision)?.[1] ?? null;
}

/** The revision that a host sees: none where there is no document, or no document any more. */
export function visibleRevision(stored: StoredEnvelope | null): string | null {
  return stored === null || stored.document === undefined ? null : formatRevision(stored);
}
