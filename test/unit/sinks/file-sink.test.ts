import { createHash } from 'node:crypto';
import { link, mkdir, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import type { ExportEvent, ObjectHead, PreparedObject, Sink, Stray } from 'tracehaul';
import { fileSink } from 'tracehaul/fs';

import { temporaryFolder } from '../../support/temporary-folder.js';

const HEAD: ObjectHead = {
  key: 'day/object.jsonl',
  contentType: 'application/x-ndjson',
  exportId: 'prod',
  generation: 3,
  nonce: '0123456789abcdef',
  maxBytes: 1_000_000,
};

let root: string;
let sink: Sink;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'sink');
  sink = fileSink({ root });
});

async function prepare(content = 'content', key = HEAD.key): Promise<PreparedObject> {
  const writer = await sink.open({ ...HEAD, key });
  await writer.write(Buffer.from(content));
  return writer.prepare();
}

function stagedPath(prepared: PreparedObject): string {
  return join(root, prepared.token as string);
}

async function strays(): Promise<Stray[]> {
  const found: Stray[] = [];
  for await (const stray of sink.strays('prod')) found.push(stray);
  return found;
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of sink.list('')) found.push(key);
  return found;
}

describe('fileSink, its folder', () => {
  it('makes a missing root with its parents, and none before something is written', async () => {
    sink = fileSink({ root: join(root, 'deep/er') });
    expect(await sink.head('a')).toBeNull();
    expect(await keys()).toEqual([]);
    expect(await strays()).toEqual([]);
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
    await sink.put('a', Buffer.from('x'));
    expect(await readFile(join(root, 'deep/er/a'), 'utf8')).toBe('x');
  });

  it('is identified by its resolved path', () => {
    expect(fileSink({ root: '/data/../data/out dir' }).location).toBe('file:///data/out%20dir');
    expect(fileSink({ root: 'x' }).location).toBe(fileSink({ root: './y/../x/' }).location);
  });

  it('refuses wrong options at once', () => {
    expect(() => fileSink({ root: '' })).toThrow(/`root` must be a non-empty string/);
    expect(() => fileSink({ root, sync: true } as never)).toThrow(/`sync` is not an option/);
  });

  it('says when the root is a file, and works once it is not', async () => {
    await writeFile(root, 'x');
    await expect(sink.put('a', Buffer.from('x'))).rejects.toMatchObject({ name: 'SinkError' });
    await rm(root);
    expect(await sink.put('a', Buffer.from('x'))).toBe('created');
  });

  it('makes its root again when somebody removed it', async () => {
    await sink.put('a', Buffer.from('x'));
    await rm(root, { recursive: true });
    expect(await keys()).toEqual([]);
    expect(await sink.put('a', Buffer.from('y'))).toBe('created');
  });

  it('keeps its own files out of keys and listings', async () => {
    await prepare();
    for (const key of ['_staging/prod/x', '_staging', '_staging-check-1/x']) {
      await expect(sink.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'KEY_INVALID' });
      await expect(sink.head(key)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    }
    await writeFile(join(root, '_staging-check-dead'), '');
    expect(await keys()).toEqual([]);
    await sink.put('_manifests/prod/1.json', Buffer.from('{}'));
    expect(await keys()).toEqual(['_manifests/prod/1.json']);
  });

  it('tells of its folder step by step', async () => {
    const steps: string[] = [];
    for await (const { step, outcome } of sink.probe?.() ?? []) steps.push(`${step} ${outcome}`);
    expect(steps).toEqual(['folder passed', 'folder-sync passed', 'free-space passed']);
    expect(await readdir(root)).toEqual(['_staging']);
  });

  it('leaves no file open, whatever becomes of writers and streams', async () => {
    await sink.put('a', Buffer.alloc(1_000_000));
    const before = (await readdir('/proc/self/fd')).length;
    await sink.get('a');
    for await (const buffer of (await sink.get('a')) ?? []) if (buffer.length > 0) break;
    const writer = await sink.open(HEAD);
    await writer.abort();
    await sink.commit(await prepare());
    await expect(sink.put('a', Buffer.from('other'))).rejects.toThrow();
    expect((await readdir('/proc/self/fd')).length).toBe(before);
  });

  it('tells the observer of every operation', async () => {
    const seen: string[] = [];
    const observer = (event: ExportEvent): void => {
      if (event.type === 'request') seen.push(`${event.operation} ${event.bytes} ${event.outcome}`);
    };
    const writer = await sink.open(HEAD, { observer });
    await writer.write(Buffer.from('12345'), { observer });
    await sink.commit(await writer.prepare({ observer }), { observer });
    await sink.put('m', Buffer.from('1'), { observer });
    await sink.put('m', Buffer.from('2'), { observer }).catch(() => undefined);
    await sink.get(HEAD.key, { observer });
    expect(seen).toEqual([
      'object-open 0 ok',
      'object-prepare 5 ok',
      'object-commit 0 ok',
      'object-put 1 ok',
      'object-put 0 error',
      'object-get 5 ok',
    ]);
  });
});

describe('fileSink, after a crash', () => {
  it('finishes a commit that died between the link and the removal of the staged name', async () => {
    const prepared = await prepare();
    await mkdir(join(root, 'day'));
    await link(stagedPath(prepared), join(root, HEAD.key));
    expect(await fileSink({ root }).commit(prepared)).toBe('committed');
    expect(await strays()).toEqual([]);
    expect(await readFile(join(root, HEAD.key), 'utf8')).toBe('content');
  });

  it('discards the staged name of a visible object and leaves the object', async () => {
    const prepared = await prepare();
    await sink.commit(prepared);
    await link(join(root, HEAD.key), stagedPath(prepared));
    const [stray] = await strays();
    expect(stray).toMatchObject({ nonce: HEAD.nonce });
    await sink.discard('prod', stray as Stray);
    expect(await strays()).toEqual([]);
    expect(await readFile(join(root, HEAD.key), 'utf8')).toBe('content');
  });

  it('takes a visible file of equal content for the object, also without the staged one', async () => {
    const prepared = await prepare();
    await mkdir(join(root, 'day'));
    await writeFile(join(root, HEAD.key), 'content');
    expect(await sink.commit(prepared)).toBe('committed');
    expect(await sink.commit(prepared)).toBe('committed');
  });

  it.each(['contenT', 'short', ''])(
    'never takes a file with "%s" for the object',
    async (other) => {
      const prepared = await prepare();
      await mkdir(join(root, 'day'));
      await writeFile(join(root, HEAD.key), other);
      await expect(sink.commit(prepared)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
      expect(await readFile(join(root, HEAD.key), 'utf8')).toBe(other);
      await rm(stagedPath(prepared));
      await expect(sink.commit(prepared)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    },
  );

  it('never shows a staged file that lost bytes', async () => {
    const prepared = await prepare();
    await truncate(stagedPath(prepared), 3);
    await expect(sink.commit(prepared)).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
      details: { found: 3, expected: 7 },
    });
    expect(await keys()).toEqual([]);
  });

  it('sweeps what dead puts of the same key left, and nothing else', async () => {
    await sink.put('m/1', Buffer.from('one'));
    const temporaries = join(root, '_staging/.put');
    const name = createHash('sha256').update('m/2').digest('hex');
    await writeFile(join(temporaries, `${name.slice(0, 32)}-dead`), 'tw');
    await writeFile(join(temporaries, 'other-dead'), 'x');
    await sink.put('m/2', Buffer.from('two'));
    expect(await readdir(temporaries)).toEqual(['other-dead']);
    expect(await readFile(join(root, 'm/2'), 'utf8')).toBe('two');
  });

  it('refuses a token that is not of this sink, and touches nothing by it', async () => {
    const secret = join(root, '..', 'secret');
    await writeFile(secret, 'content');
    const prepared = await prepare();
    for (const token of [
      '../secret',
      '_staging/../../secret',
      `_staging/prod/../../../secret`,
      `_staging/prod/3/${HEAD.nonce}-../../../secret`,
      null,
      { path: secret },
      7,
    ]) {
      await expect(sink.commit({ ...prepared, token })).rejects.toMatchObject({
        code: 'OBJECT_CORRUPT',
      });
    }
    for (const id of ['../../../secret', '3/../../../secret', '', '/'])
      await sink.discard('prod', { id, nonce: HEAD.nonce });
    await expect(sink.discard('..', { ...(await strays())[0] } as Stray)).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
    expect(await readFile(secret, 'utf8')).toBe('content');
    expect(await keys()).toEqual([]);
    expect(await sink.commit(prepared)).toBe('committed');
  });

  it('says when an object was cut while it was read', async () => {
    await sink.put('big', Buffer.alloc(600_000));
    const read = async (): Promise<void> => {
      for await (const buffer of (await sink.get('big')) ?? [])
        if (buffer.length > 0) await truncate(join(root, 'big'), 300_000);
    };
    await expect(read()).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
  });
});

describe('fileSink, among other files', () => {
  it('passes no symbolic link, and changes nothing behind one', async () => {
    const outside = join(root, '..', 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'file'), 'theirs');
    await sink.put('a', Buffer.from('x'));
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'file'), join(root, 'file'));
    const invalid = { code: 'KEY_INVALID' };
    await expect(sink.put('folder/new', Buffer.from('x'))).rejects.toMatchObject(invalid);
    await expect(sink.get('folder/file')).rejects.toMatchObject(invalid);
    await expect(sink.head('folder/file')).rejects.toMatchObject(invalid);
    await expect(sink.remove('folder/file')).rejects.toMatchObject(invalid);
    await expect(sink.head('file')).rejects.toMatchObject(invalid);
    await expect(sink.commit(await prepare('theirs', 'file'))).rejects.toMatchObject({
      code: 'OBJECT_EXISTS',
    });
    expect(await keys()).toEqual(['a']);
    expect(await readdir(outside)).toEqual(['file']);
    expect(await readFile(join(outside, 'file'), 'utf8')).toBe('theirs');
  });

  it('does not stage through a symbolic link', async () => {
    const outside = join(root, '..', 'outside');
    await mkdir(outside);
    await mkdir(root);
    await symlink(outside, join(root, '_staging'));
    await expect(sink.open(HEAD)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(await readdir(outside)).toEqual([]);
  });

  it('may itself be reached through a symbolic link', async () => {
    await mkdir(join(root, '..', 'real'));
    await symlink(join(root, '..', 'real'), root);
    expect(await sink.commit(await prepare())).toBe('committed');
    expect(await keys()).toEqual([HEAD.key]);
  });

  it('refuses a key below another object, and a key that is a folder', async () => {
    await sink.put('a', Buffer.from('x'));
    await sink.put('b/c', Buffer.from('x'));
    const taken = { code: 'OBJECT_EXISTS' };
    await expect(sink.put('a/b', Buffer.from('x'))).rejects.toMatchObject(taken);
    await expect(sink.put('b', Buffer.from('x'))).rejects.toMatchObject(taken);
    await expect(sink.commit(await prepare('x', 'a/b'))).rejects.toMatchObject(taken);
    await expect(sink.commit(await prepare('x', 'b'))).rejects.toMatchObject(taken);
    expect(await keys()).toEqual(['a', 'b/c']);
  });

  it('refuses export ids that are no folder names', async () => {
    for (const exportId of ['', '.', '..', 'a/b', '.put', 'ü'])
      await expect(sink.open({ ...HEAD, exportId })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(await readdir(join(root, '..'))).toEqual([]);
  });
});
