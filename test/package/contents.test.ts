import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import tsupConfig from '../../.config/tsup.config.js';
import { PROJECT_ROOT, listPackedFiles, readPackageFile } from '../support/packed-package.js';

const { name, version, exports, sideEffects } = await readPackageFile();
const codeExports = Object.entries(exports).filter(([subpath]) => subpath !== './package.json');
const entries = Object.assign({}, ...tsupConfig.map(({ entry }) => entry)) as Readonly<
  Record<string, string>
>;

function entryOf(subpath: string): string {
  return subpath === '.' ? 'index' : subpath.slice(2);
}

describe('the exports of the package', () => {
  it('are the entries that the build makes', () => {
    const exported = codeExports.map(([subpath]) => entryOf(subpath)).toSorted();
    expect(exported).toEqual(Object.keys(entries).toSorted());
  });

  it('have an entry for every barrel in src/entries', async () => {
    const barrels = (await readdir(join(PROJECT_ROOT, 'src/entries'))).map((file) =>
      basename(file, '.ts'),
    );
    expect([...barrels, 'index'].toSorted()).toEqual(Object.keys(entries).toSorted());
  });

  for (const [subpath, target] of codeExports) {
    it(`name the types of ${subpath} before its code`, () => {
      const entry = entryOf(subpath);
      expect(Object.entries(target)).toEqual([
        ['types', `./dist/${entry}.d.ts`],
        ['default', `./dist/${entry}.js`],
      ]);
    });

    it(`lead from ${subpath} to files that were built`, () => {
      const missing = Object.values(target).filter((path) => !existsSync(join(PROJECT_ROOT, path)));
      expect(missing).toEqual([]);
    });
  }

  it('promise bundlers that importing has no side effects, but in a worker', () => {
    expect(sideEffects).toEqual(['./dist/parquet-worker.js']);
  });
});

describe('the packed files', () => {
  it('are the built code, the read-me, the licence and the changelog', async () => {
    const packed = await listPackedFiles();
    const others = packed.filter((path) => !path.startsWith('dist/')).toSorted();
    expect(others).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('hold code, types and source maps, and nothing else', async () => {
    const packed = await listPackedFiles();
    const built = packed.filter((path) => path.startsWith('dist/'));
    expect(built.length).toBeGreaterThan(0);
    expect(built.filter((path) => !/\.(js|d\.ts|js\.map)$/.test(path))).toEqual([]);
  });

  it('name no folder of the machine that built them', async () => {
    const packed = await listPackedFiles();
    const telling: string[] = [];
    for (const path of packed) {
      const text = await readFile(join(PROJECT_ROOT, path), 'utf8');
      if (text.includes(PROJECT_ROOT)) telling.push(path);
    }
    expect(telling).toEqual([]);
  });
});

describe('the changelog', () => {
  const headings = async (): Promise<readonly string[]> => {
    const text = await readFile(join(PROJECT_ROOT, 'CHANGELOG.md'), 'utf8');
    return [...text.matchAll(/^## \[([^\]]+)\]/gm)].map((match) => match[1]!);
  };

  it('begins with what is not released yet', async () => {
    expect((await headings())[0]).toBe('Unreleased');
  });

  it(`knows no other version of ${name} as the newest than package.json`, async () => {
    const [newest = version] = (await headings()).slice(1);
    expect(newest).toBe(version);
  });
});
