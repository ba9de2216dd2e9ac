import { createHash } from 'node:crypto';

import type {
  AttachmentAnswer,
  AttachmentFetcher,
  AttachmentReference,
  Row,
} from '../../src/interfaces/index.js';
import type { MemorySink } from '../../src/entries/testing.js';

/** A fetcher over files in memory, and what was asked of it. */
export interface FileShelf extends AttachmentFetcher {
  readonly files: Map<string, AttachmentAnswer | Error>;
  readonly fetched: string[];
  /** Most fetches that were under way at a time. */
  readonly mostAtOnce: number;
}

/** Files by key; a key that is not there is `missing`. */
export function fileShelf(files: Readonly<Record<string, string | Error>> = {}): FileShelf {
  const shelf = new Map<string, AttachmentAnswer | Error>();
  for (const [key, file] of Object.entries(files))
    shelf.set(key, file instanceof Error ? file : { content: Buffer.from(file) });
  const fetched: string[] = [];
  let underWay = 0;
  let mostAtOnce = 0;
  return {
    name: 'shelf',
    types: ['file'],
    files: shelf,
    fetched,
    get mostAtOnce() {
      return mostAtOnce;
    },
    read: (value) => referenceOf(value),
    fetch: async ({ id }, { signal }) => {
      fetched.push(id);
      underWay += 1;
      mostAtOnce = Math.max(mostAtOnce, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      signal?.throwIfAborted();
      const answer = shelf.get(id) ?? { problem: 'missing' };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

function referenceOf({ key, mediaType, mutable }: Row): AttachmentReference | null {
  if (typeof key !== 'string') return null;
  const contentType = typeof mediaType === 'string' ? mediaType : null;
  return { id: key, contentType, isImmutable: mutable !== true };
}

/** A row of version one that names files. */
export function rowNaming(id: string, ...keys: readonly string[]): Row {
  const input = keys.map((key) => ({ type: 'file', key }));
  return { id, project_id: 'p', _xact_id: '1', created: '2026-01-01T00:00:00Z', input };
}

/** Where the content of a file goes. */
export function keyOfContent(content: string): string {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return `_attachments/${sha256.slice(0, 2)}/${sha256}`;
}

/** The rows of all data objects of a sink, in the order of their keys. */
export function exportedRows(sink: MemorySink): Row[] {
  const keys = [...sink.objects.keys()].filter((key) => !key.startsWith('_')).sort();
  return keys.flatMap((key) => linesOf(sink, key));
}

/** The lines of an object of JSON Lines. */
export function linesOf(sink: MemorySink, key: string): Row[] {
  const text = Buffer.from(sink.objects.get(key) ?? []).toString();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
}

/** Keys of files, without the notes about references. */
export function fileKeys(sink: MemorySink): string[] {
  const keys = [...sink.objects.keys()].filter((key) => key.startsWith('_attachments/'));
  return keys.filter((key) => !key.startsWith('_attachments/references/')).sort();
}
