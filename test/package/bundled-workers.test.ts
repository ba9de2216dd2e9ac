import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runScript } from '../support/child-script.js';
import type { ScriptResult } from '../support/child-script.js';
import { installPackedPackage, type ConsumerProject } from '../support/packed-package.js';

const ZSTD = '@foxglove/wasm-zstd';
let project: ConsumerProject;

beforeAll(async () => {
  project = await installPackedPackage([ZSTD]);
});

afterAll(() => project.remove());

/** Encodes two row groups and tells their digest. `workerUrl` is an expression. */
function program(workers: number, workerUrl = 'undefined'): string {
  return `
async function main() {
  const encoder = parquetEncoder({ workers: ${workers}, workerUrl: ${workerUrl} });
  const object = await encoder.open();
  const input = 'text '.repeat(200_000);
  const texts = Array.from({ length: 20 }, (_, id) => JSON.stringify({ id: String(id), input }));
  const bytes = Buffer.from(texts.join(''));
  const bounds = Uint32Array.from(texts.flatMap((text, row) => [row, row + 1]), (row) =>
    texts.slice(0, row).join('').length);
  const rows = { length: texts.length, text: () => ({ bytes, bounds }) };
  const chunks = [...(await object.write(rows))];
  chunks.push(...(await object.finish()));
  const left = await encoder.open();
  await left.write(rows);
  const digest = createHash('sha256').update(Buffer.concat(chunks)).digest('hex');
  console.log(JSON.stringify({ digest, threads }));
}
let threads = 0;
process.on('worker', () => { threads += 1; });
main().catch((error) => { console.log(JSON.stringify({ code: error.code, message: error.message })); });`;
}

const IMPORTS = `
import { createHash } from 'node:crypto';
import process from 'node:process';
import { parquetEncoder } from 'tracehaul/parquet';`;

const REQUIRES = `
const { createHash } = require('node:crypto');
const { parquetEncoder } = require('tracehaul/parquet');`;

interface Report {
  readonly digest?: string;
  readonly threads?: number;
  readonly code?: string;
  readonly message?: string;
}

/** What a program says that ends by itself, though it leaves an object open. */
async function run(format: 'module' | 'commonjs', source: string): Promise<Report> {
  const result: ScriptResult = await runScript({ folder: project.root, format, source });
  expect(result.code, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as Report;
}

async function bundle(
  source: string,
  options: BuildOptions & { readonly format: 'esm' | 'cjs' },
): Promise<string> {
  const { outputFiles = [] } = await build({
    stdin: { contents: source, resolveDir: project.root },
    bundle: true,
    platform: 'node',
    target: 'node20',
    write: false,
    logLevel: 'silent',
    ...options,
  });
  return outputFiles[0]?.text ?? '';
}

/** The file of the workers, emitted as an entry of its own into a folder of its own. */
async function emitWorker(format: 'esm' | 'cjs'): Promise<string> {
  const folder = join(project.root, `emitted-${format}`);
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, format === 'esm' ? 'worker.mjs' : 'worker.cjs');
  await build({
    entryPoints: ['tracehaul/parquet-worker'],
    absWorkingDir: project.root,
    bundle: true,
    platform: 'node',
    format,
    external: [ZSTD],
    logLevel: 'silent',
    outfile,
  });
  return outfile;
}

const FORMATS = [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
] as const;

describe('workers', () => {
  let expected: string | undefined;
  beforeAll(async () => {
    expected = (await run('module', IMPORTS + program(0))).digest;
  });

  it('encode for a program of ES modules, which ends by itself', async () => {
    const { digest, threads } = await run('module', IMPORTS + program(2));
    expect(digest).toBe(expected);
    expect(threads).toBeGreaterThan(0);
  });

  it('encode for a program of CommonJS', async () => {
    const { digest, threads } = await run('commonjs', REQUIRES + program(2));
    expect(digest).toBe(expected);
    expect(threads).toBeGreaterThan(0);
  });

  describe.each(FORMATS)('of a bundle as %s', (format, kind) => {
    it('encode when the package is external', async () => {
      const bundled = await bundle(IMPORTS + program(2), { format, external: ['tracehaul'] });
      expect(await run(kind, bundled)).toMatchObject({ digest: expected });
    });

    it('are missed when the encoder is made', async () => {
      const bundled = await bundle(IMPORTS + program(2), { format, external: [ZSTD] });
      const { code, message } = await run(kind, bundled);
      expect(code).toBe('CAPABILITY_MISSING');
      expect(message).toContain('tracehaul/parquet-worker');
      expect(message).toContain('external');
    });

    it('encode when their code is an entry of the bundle', async () => {
      const path = JSON.stringify(await emitWorker(format));
      const bundled = await bundle(IMPORTS + program(2, path), { format, external: [ZSTD] });
      expect(await run(kind, bundled)).toMatchObject({ digest: expected });
    });

    it('encode when their file was copied', async () => {
      const copy = join(project.root, 'copied', 'worker.mjs');
      await mkdir(join(copy, '..'), { recursive: true });
      await copyFile(join(project.library, 'dist', 'parquet-worker.js'), copy);
      const source = IMPORTS + program(2, JSON.stringify(copy));
      const bundled = await bundle(source, { format, external: [ZSTD] });
      expect(await run(kind, bundled)).toMatchObject({ digest: expected });
      await rm(join(copy, '..'), { recursive: true });
    });
  });

  it('come in one file that needs no other', async () => {
    const code = await readFile(join(project.library, 'dist', 'parquet-worker.js'), 'utf8');
    const imports = [...code.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)].map(
      ([, name]) => name,
    );
    expect(imports.length).toBeGreaterThan(0);
    const { builtinModules } = await import('node:module');
    const others = imports.filter(
      (name) => !builtinModules.includes((name ?? '').replace('node:', '')),
    );
    expect(others).toEqual([ZSTD]);
  });
});
