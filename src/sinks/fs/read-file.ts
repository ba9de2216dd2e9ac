import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { SinkError } from '../../errors/index.js';
import type { ObjectInfo, OperationOptions } from '../../interfaces/index.js';
import { lstatIfThere } from '../../util/durable-files.js';
import type { DurableRoot } from '../../util/durable-root.js';
import { sinkError } from './errors.js';
import { keySegments } from './layout.js';

const READ_BYTES = 256 * 1024;

/** The visible file of a key, or `null`. */
export async function findObject(
  folder: DurableRoot,
  key: string,
): Promise<(ObjectInfo & { readonly path: string }) | null> {
  const path = await folder.findFile(keySegments(key));
  const stats = path === null ? null : await lstatIfThere(path);
  if (path === null || stats === null || stats.isDirectory()) return null;
  if (stats.isFile()) return { key, path, bytes: stats.size };
  throw new SinkError(
    'KEY_INVALID',
    `The name of "${key}" belongs to something else than a file.`,
    {
      remedy: 'Nothing below the root may be a symbolic link or a device.',
      details: { key },
    },
  );
}

/** Opens the file when the first buffer is wanted, so that a stream nobody reads holds nothing open. */
export async function* readFileStream(
  object: ObjectInfo & { readonly path: string },
  options: OperationOptions | undefined,
): AsyncGenerator<Uint8Array> {
  const { key, path, bytes } = object;
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      let position = 0;
      while (position < bytes) {
        options?.signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, bytes - position));
        const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position);
        if (bytesRead === 0) throw cutShort(key, { read: position, expected: bytes });
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw sinkError(error, `read "${key}"`);
  }
}

function cutShort(key: string, sizes: { read: number; expected: number }): SinkError {
  return new SinkError(
    'OBJECT_CORRUPT',
    `"${key}" ended after ${sizes.read} of ${sizes.expected} bytes.`,
    {
      remedy: 'Somebody changed it: objects never change once visible.',
      details: { key, ...sizes },
    },
  );
}
