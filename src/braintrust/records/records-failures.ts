import { SourceError } from '../../errors/index.js';
import type { ExportEvent } from '../../interfaces/index.js';
import type { RecordKind } from './record-kind.js';
import type { ScanRange } from './records-query.js';

/** The object of a window that the service refused; `undefined` when it does not say which. */
export function refusedObject(
  { noun }: RecordKind,
  window: ScanRange,
  error: SourceError,
): string | undefined {
  const [only] = window.objectIds;
  if (window.objectIds.length === 1) return only;
  const named = error.details[`${noun}Id`];
  return window.objectIds.find((id) => id === named);
}

/** Tells that an object is left out. */
export function refusalEvent(
  { noun }: RecordKind,
  objectId: string,
  error: SourceError,
): ExportEvent {
  const { code, message } = error;
  if (noun === 'project') return { type: 'project-error', projectId: objectId, code, message };
  return { type: 'object-error', kind: noun, objectId, code, message };
}

/** The refusal of an object, which it names. */
export function refusalOf({ noun }: RecordKind, objectId: string, error: SourceError): SourceError {
  if (error.details[`${noun}Id`] === objectId) return error;
  const message = `The ${noun} ${objectId} may not be read.`;
  return new SourceError('SOURCE_FORBIDDEN', message, {
    remedy: `Check the ${noun} id and the rights of the key.`,
    details: { ...error.details, [`${noun}Id`]: objectId },
    cause: error,
  });
}

/** What was lost between two seconds. */
interface Gap {
  readonly objectId: string;
  /** Seconds since 1970, as `expired`. */
  readonly unread: number;
  readonly expired: number;
}

/** Rows were not read in time. */
export function expiredError(
  { noun }: RecordKind,
  { objectId, unread, expired }: Gap,
): SourceError {
  const from = new Date(unread * 1_000);
  const to = new Date(expired * 1_000);
  return new SourceError(
    'SOURCE_EXPIRED',
    `Rows of the ${noun} ${objectId} from ${from.toISOString()} to ${to.toISOString()} were not read, and the plan no longer keeps them.`,
    {
      remedy: `Call \`rewind({ to })\` with a time that the plan still keeps, to go on from there; of several ${noun}s, this one can also be given to an exporter of its own.`,
      details: { [`${noun}Id`]: objectId, from, to },
    },
  );
}

/** Without the clock of the plane nobody knows how far to read. */
export function noClockError(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'The answer has no usable `Date` header.', {
    remedy: 'Let what stands before the data plane, or your own `fetch`, pass it on.',
  });
}
