import type { SaveOptions } from '../../interfaces/index.js';
import { conflictError } from '../conflict.js';
import type { StoreContext } from './context.js';
import { refusedForNothing } from './errors.js';
import { type StoredEnvelope, readEnvelope } from './read-envelope.js';
import { etagOf, formatRevision, visibleRevision } from './revision.js';
import {
  type ETagSpelling,
  NOTHING,
  type NewEnvelope,
  onlyOver,
  tryWrite,
  writeEnvelope,
} from './write-envelope.js';

/** The envelope of a save, and the key by which its document is spoken of. */
export interface Save extends NewEnvelope {
  readonly key: string;
}

/**
 * Compare-and-swap: the service itself compares, at the moment of the write, however late that comes.
 * @returns the new revision.
 */
export async function saveConditionally(
  context: StoreContext,
  save: Save,
  { spelling, ifRevision, ...options }: SaveOptions & { readonly spelling: ETagSpelling },
): Promise<string> {
  const etag = ifRevision === null ? null : etagOf(ifRevision);
  if (ifRevision !== null && etag === null)
    throw notSaved(save.key, ifRevision, await readEnvelope(context, save.name, options));
  const precondition = etag === null ? NOTHING : onlyOver(etag, spelling);
  let outcome = await tryWrite(context, save, { ...options, precondition });
  if (!outcome.isWritten && ifRevision === null && isTombstone(outcome.current)) {
    const overTombstone = onlyOver(outcome.current.etag, spelling);
    outcome = await tryWrite(context, save, { ...options, precondition: overTombstone });
  }
  if (!outcome.isWritten) throw notSaved(save.key, ifRevision, outcome.current);
  return formatRevision({ id: save.id, etag: outcome.etag });
}

/**
 * Looks, then writes: right only while nobody else writes, and while no write is under way that was given up.
 * @returns the new revision.
 */
export async function saveAlone(
  context: StoreContext,
  save: Save,
  { ifRevision, ...options }: SaveOptions,
): Promise<string> {
  const current = await readEnvelope(context, save.name, options);
  if (visibleRevision(current) !== ifRevision) throw notSaved(save.key, ifRevision, current);
  const etag = await writeEnvelope(context, save, { ...options, precondition: {} });
  return formatRevision({ id: save.id, etag });
}

function isTombstone(stored: StoredEnvelope | null): stored is StoredEnvelope {
  return stored !== null && stored.document === undefined;
}

/** A conflict only where another revision is seen: else the refusal is the service's affair. */
function notSaved(key: string, expected: string | null, stored: StoredEnvelope | null): Error {
  const current = visibleRevision(stored);
  return current === expected ? refusedForNothing(key) : conflictError(key, { expected, current });
}
