import type { ObjectInfo, Sink } from '../../src/interfaces/index.js';
import { ownerOfKey } from '../../src/util/object-owner.js';
import { override } from './override.js';

/** A sink that several exports share, as if the objects of one were alone in it. */
export function onlyOf(sink: Sink, exportId: string): Sink {
  return override(sink, {
    list: (prefix, options) => ownedBy(exportId, sink.list(prefix, options)),
  });
}

async function* ownedBy(
  exportId: string,
  objects: AsyncIterable<ObjectInfo>,
): AsyncGenerator<ObjectInfo> {
  for await (const object of objects) {
    if (ownerOfKey(object.key)?.exportId === exportId) yield object;
  }
}
