import { execFile } from 'node:child_process';
import { link, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { beforeEach, describe, expect, it } from 'vitest';

import type { CursorStore, ExportEvent } from 'tracehaul';
import { fileCursorStore } from 'tracehaul/fs';
import { manualClock } from 'tracehaul/testing';

import { addRevision, type DocumentPlace } from '../../../src/stores/fs/document-folder.js';
import { DurableRoot } from '../../../src/util/durable-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const COUNTER = fileURLToPath(new URL('../../support/increment-counter.ts', import.meta.url));

let root: string;
let store: CursorStore;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'store');
  store = fileCursorStore({ root });
});

function fileOf(key: string, revision: number): string {
  return join(root, key, `${String(revision).padStart(12, '0')}.json`);
}

function placeOf(key: string): DocumentPlace {
  return { root: new DurableRoot({ root, fsync: true, runtime: manualClock() }), key };
}

async function saveTimes(key: string, times: number): Promise<string | null> {
  let ifRevision = (await store.load(key))?.revision ?? null;
  for (let round = 1; round <= times; round += 1)
    ifRevision = (await store.save(key, { round }, { ifRevision })).revision;
  return ifRevision;
}

describe('fileCursorStore', () => {
  it('makes its root with the first save, not before', async () => {
    expect(await store.load('a/b')).toBeNull();
    for await (const key of store.list('')) expect(key).toBe('there is none');
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
    await store.save('a/b', 1, { ifRevision: null });
    expect(await readdir(join(root, 'a/b'))).toEqual(['000000000001.json']);
  });

  it('keeps the last five revisions and no temporary file', async () => {
    await saveTimes('key', 12);
    const names = (await readdir(join(root, 'key'))).sort();
    expect(names).toEqual([8, 9, 10, 11, 12].map((n) => `${String(n).padStart(12, '0')}.json`));
  });

  it.each([
    ['', 'is empty'],
    ['{"sha256":"', 'is cut off'],
    ['{"cursor":"a"}', 'is cut off or not a document'],
    ['\u0000'.repeat(100), 'is cut off'],
  ])('names the file and the ways out when it holds %j', async (content, problem) => {
    await saveTimes('a/b', 2);
    await writeFile(fileOf('a/b', 2), content);
    const error = await store.load('a/b').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CHECKPOINT_CORRUPT', retryable: false });
    const { message } = error as Error;
    expect(message).toContain(fileOf('a/b', 2));
    expect(message).toContain(problem);
    expect(message).toMatch(/Restore that file from a backup; or, .* remove it/);
    expect((error as Error).message).not.toContain('cursor":');
  });

  it('notices one changed character of a document', async () => {
    await store.save('key', { cursor: 'p17' }, { ifRevision: null });
    const text = await readFile(fileOf('key', 1), 'utf8');
    await writeFile(fileOf('key', 1), text.replace('p17', 'p18'));
    await expect(store.load('key')).rejects.toThrow(/does not match its checksum/);
  });

  it('goes back one revision when the newest file is removed by hand', async () => {
    await saveTimes('key', 3);
    await rm(fileOf('key', 3));
    expect(await store.load('key')).toEqual({ document: { round: 2 }, revision: '2' });
  });

  it('ignores temporary files of dead processes, and sweeps those that cannot win any more', async () => {
    await saveTimes('key', 1);
    const dead = (revision: number): string =>
      join(root, 'key', `.${String(revision).padStart(12, '0')}-dead0000dead0000.tmp`);
    await writeFile(dead(2), '{"sha256":"torn');
    await writeFile(dead(9), '');
    expect(await store.load('key')).toEqual({ document: { round: 1 }, revision: '1' });
    await saveTimes('key', 1);
    expect((await readdir(join(root, 'key'))).filter((name) => name.endsWith('.tmp'))).toEqual([
      '.000000000009-dead0000dead0000.tmp',
    ]);
  });

  it('never counts the save of a worker that slept while its number was used and pruned', async () => {
    // It read revision 3, and went to sleep before it linked revision 4.
    await saveTimes('key', 11);
    const place = placeOf('key');
    const late = { number: 4, documentJson: '"late"', id: 'a'.repeat(16) };
    await expect(addRevision(place, late)).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
    });
    expect((await readdir(join(root, 'key'))).length).toBe(5);
    expect(await store.load('key')).toEqual({ document: { round: 11 }, revision: '11' });
  });

  it('counts a save that others have built on since', async () => {
    await saveTimes('key', 3);
    const place = placeOf('key');
    const revision = { number: 4, documentJson: '4', id: 'a'.repeat(16) };
    // Stands for the save of revision 5 between this worker's link and its look at the folder.
    await link(fileOf('key', 3), fileOf('key', 5));
    expect(await addRevision(place, revision)).toBe(true);
    expect(await addRevision(place, revision)).toBe(false);
  });

  it('makes its root again when somebody removed it', async () => {
    await saveTimes('key', 2);
    await rm(root, { recursive: true });
    expect(await store.load('key')).toBeNull();
    expect(await saveTimes('key', 1)).toBe('1');
  });

  it('does not follow symbolic links', async () => {
    const outside = join(root, '..', 'outside');
    await mkdir(outside);
    await mkdir(root);
    await symlink(outside, join(root, 'link'));
    await expect(store.save('link/key', 1, { ifRevision: null })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
      retryable: false,
    });
    await expect(store.load('link')).rejects.toMatchObject({ code: 'CHECKPOINT_UNAVAILABLE' });
    expect(await readdir(outside)).toEqual([]);
  });

  it('says when a file lies where a folder is needed', async () => {
    await mkdir(root);
    await writeFile(join(root, 'a'), 'x');
    await expect(store.save('a/b', 1, { ifRevision: null })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
      remedy: expect.stringContaining('another root') as string,
    });
  });

  it('refuses a document over 256 KiB', async () => {
    const large = 'x'.repeat(256 * 1024);
    await expect(store.save('key', large, { ifRevision: null })).rejects.toMatchObject({
      code: 'CHECKPOINT_TOO_LARGE',
    });
    expect(await store.load('key')).toBeNull();
  });

  it('tells the observer of every operation', async () => {
    const seen: string[] = [];
    const observer = (event: ExportEvent): void => {
      if (event.type === 'request')
        seen.push(`${event.target} ${event.operation} ${event.outcome}`);
    };
    await store.load('key', { observer });
    await store.save('key', 1, { ifRevision: null, observer });
    await store.save('key', 1, { ifRevision: null, observer }).catch(() => undefined);
    expect(seen).toEqual([
      'store document-load ok',
      'store document-save ok',
      'store document-save error',
    ]);
  });

  it('counts the increments of five processes, each once', async () => {
    const runs = Array.from({ length: 5 }, () =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', COUNTER, root, '10']),
    );
    const lines = (await Promise.all(runs)).flatMap(({ stdout }) => stdout.trim().split('\n'));
    const numbers = lines.map((line) => Number(line.split(' ')[0])).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    expect(new Set(lines.map((line) => line.split(' ')[1])).size).toBe(50);
    expect(await store.load('counter')).toEqual({ document: 50, revision: '50' });
    expect((await readdir(join(root, 'counter'))).length).toBe(5);
  });
});
