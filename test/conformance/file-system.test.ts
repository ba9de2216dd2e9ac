import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { CursorStore, ObjectHead, PreparedObject, Sink } from 'tracehaul';
import { fileCursorStore, fileSink } from 'tracehaul/fs';

import {
  makeImmutable,
  makeMutable,
  mountAgain,
  mountMemory,
  requireCommand,
  system,
  unmount,
} from '../support/mounts.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PROCESS = fileURLToPath(new URL('../support/file-adapter-process.ts', import.meta.url));
const HEAD: ObjectHead = {
  key: 'day/object',
  contentType: 'text/plain',
  exportId: 'prod',
  generation: 1,
  nonce: '0123456789abcdef',
  maxBytes: 1_000,
};

let root: string;
let sink: Sink;
let store: CursorStore;

beforeAll(() => {
  expect(process.getuid?.(), 'these tests mount file systems and need root').toBe(0);
  requireCommand('strace');
});

beforeEach(async () => {
  root = join(await temporaryFolder(), 'root');
  sink = fileSink({ root });
  store = fileCursorStore({ root: join(root, '_cursors') });
});

async function prepare(content: string): Promise<PreparedObject> {
  const writer = await sink.open(HEAD);
  await writer.write(Buffer.from(content));
  return writer.prepare();
}

async function failedStep(): Promise<string | undefined> {
  for await (const { step, outcome } of sink.probe?.() ?? []) if (outcome === 'failed') return step;
  return undefined;
}

/** What the process printed last. */
function runProcess(action: string, wrap: readonly string[] = [], uid = 0): unknown {
  const words = [...wrap, process.execPath, '--import', 'tsx', PROCESS, root, action];
  const [command = '', ...rest] = words;
  // One thread does all file operations, so that a tracer can count them.
  const env = { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1', TSX_DISABLE_CACHE: '1' };
  const stdout = execFileSync(command, rest, { env, uid, stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '') as unknown;
}

/** Makes the n-th call of some system calls fail. */
function failing(calls: string, error: string, when: string): readonly string[] {
  const inject = `inject=${calls}:error=${error}:when=${when}`;
  return ['strace', '-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', inject];
}

describe('a full disk', () => {
  it('is SINK_FULL, shows nothing, and is forgotten once there is space', async () => {
    mountMemory(root, 512);
    const writer = await sink.open(HEAD);
    const full = { code: 'SINK_FULL', retryable: false, remedy: expect.any(String) as string };
    await expect(writer.write(Buffer.alloc(1_000_000))).rejects.toMatchObject(full);
    await expect(writer.prepare()).rejects.toThrow();
    await expect(sink.put('m', Buffer.alloc(1_000_000))).rejects.toMatchObject(full);
    expect(await failedStep()).toBeDefined();
    expect(await sink.head('m')).toBeNull();
    await writer.abort();
    expect(await sink.put('m', Buffer.alloc(100_000))).toBe('created');
    expect(await sink.commit(await prepare('content'))).toBe('committed');
    expect(await readdir(join(root, '_staging/.put'))).toEqual([]);
  });

  it('leaves the checkpoint as it was', async () => {
    mountMemory(root, 512);
    const { revision } = await store.save('key', 'before', { ifRevision: null });
    await writeFile(join(root, 'filler'), Buffer.alloc(1_000_000)).catch(() => undefined);
    const document = 'x'.repeat(100_000);
    await expect(store.save('key', document, { ifRevision: revision })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
      retryable: false,
      details: { fileCode: 'ENOSPC' },
    });
    expect(await store.load('key')).toEqual({ document: 'before', revision });
    await rm(join(root, 'filler'));
    await store.save('key', document, { ifRevision: revision });
    expect((await store.load('key'))?.document).toBe(document);
  });
});

describe('a read-only place', () => {
  it('is SINK_UNAUTHORIZED for writing, and can be read', async () => {
    mountMemory(root, 512);
    const prepared = await prepare('content');
    await sink.put('m', Buffer.from('x'));
    const { revision } = await store.save('key', 1, { ifRevision: null });
    system('mount', '-o', 'remount,ro', root);
    const fresh = fileSink({ root });
    for (const each of [sink, fresh]) {
      await expect(each.put('n', Buffer.from('x'))).rejects.toMatchObject({
        code: 'SINK_UNAUTHORIZED',
        details: { fileCode: 'EROFS' },
      });
      await expect(each.commit(prepared)).rejects.toMatchObject({ code: 'SINK_UNAUTHORIZED' });
      expect(await each.head('m')).toEqual({ key: 'm', bytes: 1 });
    }
    await expect(store.save('key', 2, { ifRevision: revision })).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
      retryable: false,
    });
    expect((await store.load('key'))?.document).toBe(1);
    system('mount', '-o', 'remount,rw', root);
    for (const each of [sink, fresh]) expect(await each.commit(prepared)).toBe('committed');
    await store.save('key', 2, { ifRevision: revision });
  });

  it('is SINK_UNAUTHORIZED for a folder that may not change', async () => {
    await sink.put('day/first', Buffer.from('x'));
    const prepared = await prepare('content');
    makeImmutable(join(root, 'day'));
    await expect(sink.commit(prepared)).rejects.toMatchObject({ code: 'SINK_UNAUTHORIZED' });
    makeMutable(join(root, 'day'));
    expect(await sink.commit(prepared)).toBe('committed');
  });

  it('is SINK_UNAUTHORIZED for another user', async () => {
    await sink.put('day/first', Buffer.from('x'));
    for (let folder = root; folder !== '/tmp' && folder !== '/'; folder = join(folder, '..'))
      chmodSync(folder, 0o755);
    expect(runProcess('commit', [], 65_534)).toMatchObject({
      code: 'SINK_UNAUTHORIZED',
      fileCode: 'EACCES',
    });
    expect(runProcess('commit')).toBe('ok');
  });
});

describe('mounts between staging and data', () => {
  const missing = { code: 'CAPABILITY_MISSING', name: 'ConfigurationError' };

  it.each<[string, (staging: string) => void]>([
    ['on another file system', (staging) => mountMemory(staging, 512)],
    ['on the same file system mounted twice', (staging) => mountAgain(`${root}-other`, staging)],
  ])('staging %s is refused before anything is written', async (_where, mountStaging) => {
    mkdirSync(root);
    mountStaging(join(root, '_staging'));
    await expect(sink.open(HEAD)).rejects.toMatchObject(missing);
    await expect(sink.put('m', Buffer.from('x'))).rejects.toMatchObject(missing);
    expect(await failedStep()).toBe('folder');
    expect(await readdir(join(root, '_staging'))).toEqual([]);
    expect(await readdir(root)).toEqual(['_staging']);
    unmount(join(root, '_staging'));
    expect(await sink.commit(await prepare('content'))).toBe('committed');
  });

  it('data on another mount is refused, and committed once it is gone', async () => {
    const prepared = await prepare('content');
    mountMemory(join(root, 'day'), 512);
    await expect(sink.commit(prepared)).rejects.toMatchObject(missing);
    unmount(join(root, 'day'));
    expect(await sink.commit(prepared)).toBe('committed');
  });

  it.each(['EPERM', 'EOPNOTSUPP'])('a file system without hard links (%s) is refused', (error) => {
    const wrap = failing('link,linkat', error, '1+');
    expect(runProcess('commit', wrap)).toMatchObject({ code: 'CAPABILITY_MISSING' });
    expect(runProcess('save', wrap)).toMatchObject({ code: 'CAPABILITY_MISSING' });
    expect(runProcess('commit')).toBe('ok');
  });
});

describe('a disk that fails', () => {
  it('never lets an object count whose fsync failed, and the next process goes on', async () => {
    const outcomes: unknown[] = [];
    for (let n = 1; n <= 30; n += 1) {
      await rm(root, { recursive: true, force: true });
      const outcome = runProcess('commit', failing('fsync', 'EIO', String(n)));
      outcomes.push(outcome);
      if (outcome === 'ok') break;
      expect(outcome).toEqual({ code: 'SINK_UNAVAILABLE', retryable: true, fileCode: 'EIO' });
      expect(runProcess('commit')).toBe('ok');
      expect(await sink.head('day/object')).toEqual({ key: 'day/object', bytes: 7 });
    }
    // The new root, staging folder by folder, the file, the staged name, the day and the object's name.
    expect(outcomes.length).toBeGreaterThan(6);
    expect(outcomes.at(-1)).toBe('ok');
  });

  it('never lets a save count whose fsync failed', async () => {
    const outcomes: unknown[] = [];
    for (let n = 1; n <= 30; n += 1) {
      await rm(root, { recursive: true, force: true });
      const outcome = runProcess('save', failing('fsync', 'EIO', String(n)));
      outcomes.push(outcome);
      if (outcome === 'ok') break;
      expect(outcome).toMatchObject({ code: 'CHECKPOINT_UNAVAILABLE', retryable: true });
      expect(runProcess('save')).toBe('ok');
    }
    expect(outcomes.length).toBeGreaterThan(3);
    expect(outcomes.at(-1)).toBe('ok');
  });

  it('says when the process has too many files open, and gives all of them back', async () => {
    const limited = ['prlimit', '--nofile=128'];
    expect(runProcess('writers', limited)).toEqual({
      code: 'SINK_UNAVAILABLE',
      retryable: true,
      fileCode: 'EMFILE',
    });
    expect(await readdir(join(root, '_staging/prod/1'))).toEqual([]);
  });
});
