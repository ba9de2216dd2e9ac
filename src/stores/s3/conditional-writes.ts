import type { OperationOptions } from '../../interfaces/index.js';
import { isFailure } from '../../aws/failure.js';
import type { StoreContext } from './context.js';
import { makeId } from './envelope.js';
import { endlessRace, lacksConditionalWrites } from './errors.js';
import type { StoredEnvelope } from './read-envelope.js';
import {
  type ETagSpelling,
  NOTHING,
  type Precondition,
  type WriteOutcome,
  onlyOver,
  tryWrite,
} from './write-envelope.js';

/** One object for the trials of all processes. No document's object has such a name. */
const TRIAL_NAME = 'probes/conditional-write';
/** Rounds that others at their own trials may spoil. */
const ROUNDS = 20;
const SPELLINGS: readonly ETagSpelling[] = ['quoted', 'bare'];

/**
 * Finds out by trial whether the service keeps the preconditions that compare-and-swap rests on, and how it wants
 * ETags spelled. The trial's object stays, and is a tombstone: removing it would need one more right.
 * @throws ConfigurationError `CAPABILITY_MISSING` that names what the service did.
 */
export async function findSpelling(
  context: StoreContext,
  options: OperationOptions,
): Promise<ETagSpelling> {
  try {
    return await findInRounds(context, options);
  } catch (error) {
    if (!isFailure(error, 'not-implemented')) throw error;
    // What it lacks is the precondition only if it takes the same request without one.
    await trial(context, {}, options);
    throw lacksConditionalWrites(context, `it answers ${error.code}`, error.cause);
  }
}

async function findInRounds(
  context: StoreContext,
  options: OperationOptions,
): Promise<ETagSpelling> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const current = await tryCreating(context, options);
    const spelling = current === null ? null : await tryReplacing(context, current.etag, options);
    if (spelling !== null) return spelling;
  }
  throw endlessRace(TRIAL_NAME);
}

/** A creation over an object must be refused. Gives that object, or `null` if it vanished meanwhile. */
async function tryCreating(
  context: StoreContext,
  options: OperationOptions,
): Promise<StoredEnvelope | null> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const outcome = await trial(context, NOTHING, options);
    if (!outcome.isWritten) return outcome.current;
  }
  throw lacksConditionalWrites(context, 'it replaces an object in spite of If-None-Match');
}

/** Gives the spelling by which the ETag is known, or `null` when somebody else was faster. */
async function tryReplacing(
  context: StoreContext,
  etag: string,
  options: OperationOptions,
): Promise<ETagSpelling | null> {
  for (const spelling of SPELLINGS) {
    const outcome = await trial(context, onlyOver(etag, spelling), options);
    if (outcome.isWritten) {
      await tryStale(context, onlyOver(etag, spelling), options);
      return spelling;
    }
    if (outcome.current?.etag !== etag) return null;
  }
  throw lacksConditionalWrites(context, 'it refuses If-Match with the ETag that it gave itself');
}

async function tryStale(
  context: StoreContext,
  precondition: Precondition,
  options: OperationOptions,
): Promise<void> {
  const { isWritten } = await trial(context, precondition, options);
  if (isWritten)
    throw lacksConditionalWrites(context, 'it replaces an object in spite of If-Match');
}

function trial(
  context: StoreContext,
  precondition: Precondition,
  options: OperationOptions,
): Promise<WriteOutcome> {
  const { runtime } = context.connection.bucket;
  const envelope = { name: TRIAL_NAME, id: makeId(() => runtime.id()), documentText: null };
  return tryWrite(context, envelope, { ...options, precondition });
}
