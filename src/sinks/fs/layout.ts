import { SinkError } from '../../errors/index.js';
import type { Json, Stray } from '../../interfaces/index.js';
import { checkObjectKey, objectKeyProblem } from '../../util/object-key.js';

/** Folder below the root for everything that is not visible yet. */
export const STAGING = '_staging';
/** Folder below it for small objects on their way. Its dot keeps it apart from every export id. */
export const PUT_FOLDER = '.put';

const EXPORT_ID = /^[A-Za-z0-9_-]+$/;
const STRAY_ID = /^(?:0|[1-9]\d*)\/([0-9a-f]{16})-[0-9a-f]{16,}$/;

/** Names of the first folder that belong to the sink, in any key. */
export function isReserved(firstSegment: string): boolean {
  return firstSegment.startsWith(STAGING);
}

/** The segments of a key. Refuses one that is unsafe or lies where the sink keeps its own files. */
export function keySegments(key: string): readonly string[] {
  checkObjectKey(key);
  const segments = key.split('/');
  if (!isReserved(segments[0] as string)) return segments;
  throw new SinkError('KEY_INVALID', `The key "${key}" lies in the sink's staging folder.`, {
    remedy: `Begin keys with something else than "${STAGING}".`,
  });
}

/** True when some key below `folder` could exist. */
export function isKeyFolder(folder: string): boolean {
  return objectKeyProblem(folder) === null && !isReserved(folder.split('/', 1)[0] as string);
}

/** Where the staged files of an export id are, as segments below the root. */
export function stagingSegments(exportId: string): readonly string[] {
  if (EXPORT_ID.test(exportId)) return [STAGING, exportId];
  throw new SinkError(
    'KEY_INVALID',
    `The export id ${JSON.stringify(exportId)} is no folder name.`,
    {
      remedy: 'Use letters, digits, "_" and "-".',
    },
  );
}

/** The stray of this id, or `null` when the text is not the id of one. */
export function parseStrayId(id: string): Stray | null {
  const match = STRAY_ID.exec(id);
  if (match === null) return null;
  return { id, nonce: match[1] as string };
}

/** The segments of a staged file from the token of a prepared object. */
export function tokenSegments(token: Json): readonly string[] {
  const path = typeof token === 'string' ? token : '';
  const [staging, exportId = '', ...rest] = path.split('/');
  const isOurs = staging === STAGING && EXPORT_ID.test(exportId);
  if (isOurs && parseStrayId(rest.join('/')) !== null) return path.split('/');
  throw new SinkError('OBJECT_CORRUPT', 'A prepared object has a token of another sink.', {
    remedy: 'Use the sink that prepared it, or restore the checkpoint.',
  });
}
