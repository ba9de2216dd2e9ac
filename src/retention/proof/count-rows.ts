import { createGunzip } from 'node:zlib';

const LINE_FEED = 10;

/** Counts the rows of an object while it is read. */
export interface RowCounter {
  write(bytes: Uint8Array): Promise<void>;
  /** How many there were; `null` when they are not counted. */
  end(): Promise<number | null | 'unreadable'>;
  /** Lets go of everything, at whatever point. */
  close(): void;
}

/** For formats whose rows are not told by their bytes. */
export function uncounted(): RowCounter {
  return { write: async () => undefined, end: async () => null, close: () => undefined };
}

/** One row a line. */
export function lines(): RowCounter {
  let rows = 0;
  return {
    write: async (bytes) => {
      rows += lineFeeds(bytes);
    },
    end: async () => rows,
    close: () => undefined,
  };
}

/** One row a line, compressed. */
export function gzipLines(): RowCounter {
  const gunzip = createGunzip();
  let rows = 0;
  let isReadable = true;
  gunzip.on('data', (bytes: Uint8Array) => (rows += lineFeeds(bytes)));
  gunzip.on('error', () => (isReadable = false));
  const closed = new Promise<void>((resolve) => gunzip.once('close', resolve));
  return {
    write: async (bytes) => {
      // It has ended, or failed: what comes after that is nothing to it.
      if (gunzip.destroyed || gunzip.readableEnded) return;
      const written = new Promise<void>((resolve) => gunzip.write(bytes, () => resolve()));
      await Promise.race([written, closed]);
    },
    end: async () => {
      if (!gunzip.destroyed) gunzip.end();
      await closed;
      return isReadable ? rows : 'unreadable';
    },
    close: () => gunzip.destroy(),
  };
}

function lineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1))
    count += 1;
  return count;
}
