import type { CursorStore, Json, OperationOptions, SaveOptions } from '../interfaces/index.js';
import { checkDocumentKey } from '../util/document-key.js';
import { documentText } from '../util/document-text.js';
import { conflictError } from './conflict.js';

interface MemoryDocument {
  readonly text: string;
  readonly revision: string;
}

/**
 * A cursor store in the memory of one process: for tests and trials. Its contents end with the process, so
 * an export that keeps its checkpoint here starts again from the beginning.
 *
 * Documents are kept as JSON text; what is loaded shares nothing with what was saved. Revisions are
 * counted for the whole store and so never repeat, also not after `delete`.
 */
export function memoryCursorStore(): CursorStore {
  const documents = new Map<string, MemoryDocument>();
  let saves = 0;

  const requireRevision = (key: string, expected: string | null): void => {
    const current = documents.get(key)?.revision ?? null;
    if (current !== expected) throw conflictError(key, { expected, current });
  };

  return Object.freeze<CursorStore>({
    name: 'memory',
    load: async (key, options) => {
      begin(key, options);
      const found = documents.get(key);
      if (found === undefined) return null;
      return { document: JSON.parse(found.text) as Json, revision: found.revision };
    },
    save: async (key, document, options: SaveOptions) => {
      begin(key, options);
      const text = documentText(key, document);
      requireRevision(key, options.ifRevision);
      saves += 1;
      const revision = String(saves);
      documents.set(key, { text, revision });
      return { revision };
    },
    list: async function* list(prefix, options) {
      const keys = [...documents.keys()].filter((key) => key.startsWith(prefix)).sort();
      for (const key of keys) {
        options?.signal?.throwIfAborted();
        yield key;
      }
      options?.signal?.throwIfAborted();
    },
    delete: async (key, options) => {
      begin(key, options);
      requireRevision(key, options.ifRevision);
      documents.delete(key);
    },
  });
}

function begin(key: string, options: OperationOptions | undefined): void {
  options?.signal?.throwIfAborted();
  checkDocumentKey(key);
}
