import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { compileFiles, writeBlockFiles } from '../support/document-programs.js';
import { readDocuments } from '../support/documents.js';
import { queryDuckDb } from '../support/duckdb.js';
import { PROJECT_ROOT } from '../support/packed-package.js';
import { startSpansProject, type SpansProject } from '../support/spans-project.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Inside the project, so that the blocks find its packages.
const CACHE = join(PROJECT_ROOT, '.cache');
await mkdir(CACHE, { recursive: true });
const FOLDER = await mkdtemp(join(CACHE, 'documents-'));
const home = process.cwd();
const documents = await readDocuments();
const files = await writeBlockFiles(documents, join(FOLDER, 'right'));
const README_EXAMPLE = files.find(({ block }) => block.document === 'README.md');

let project: SpansProject;
let folder = '';
const printed: string[] = [];

beforeAll(async () => {
  project = await startSpansProject();
});
afterAll(async () => {
  process.chdir(home);
  await project.close();
  await rm(FOLDER, { recursive: true });
});
beforeEach(async () => {
  folder = await temporaryFolder();
  process.chdir(folder);
  for (const [name, value] of Object.entries(project.environment)) vi.stubEnv(name, value);
  vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  printed.length = 0;
});

async function runFile(path: string): Promise<void> {
  // A new name each time, so that the block is run again.
  await import(/* @vite-ignore */ `${path}?run=${folder}`);
}

/** All blocks are compiled in one go, with the types of the whole library behind them. */
const COMPILE_TIMEOUT_MS = 180_000;

describe('the blocks of TypeScript', () => {
  it(
    'compile as the project does, and a wrong one does not',
    async () => {
      const code = "import { nothing } from 'tracehaul';";
      const block = { document: 'docs/wrong.md', line: 7, language: 'ts', words: [], code };
      const wrong = { path: block.document, text: '', anchors: new Set<string>(), blocks: [block] };
      const written = await writeBlockFiles([wrong], join(FOLDER, 'wrong'));
      const problems = compileFiles([...files, ...written].map(({ path }) => path));
      expect(problems).toEqual([
        expect.stringContaining('line-7.ts(7,10): Module \'"tracehaul"\' has no exported member'),
      ]);
    },
    COMPILE_TIMEOUT_MS,
  );

  const runnable = files.filter(({ block }) => !block.words.includes('no-run'));
  for (const { block, path } of runnable) {
    it(`run: ${block.document}:${block.line}`, async () => {
      if (block.words.includes('after-export')) await runFile(README_EXAMPLE?.path ?? '');
      await runFile(path);
    });
  }
});

describe('the blocks of JSON that say what was printed', () => {
  const blocks = documents.flatMap((each) => each.blocks);
  const printedBlocks = blocks.flatMap((block, index) => {
    const isPrinted = block.language === 'json' && block.words.includes('printed');
    return isPrinted ? [{ block, program: blocks[index - 1] }] : [];
  });

  it('are there', () => {
    expect(printedBlocks.length).toBeGreaterThan(2);
  });

  for (const { block, program } of printedBlocks) {
    it(`are what the program before prints: ${block.document}:${block.line}`, async () => {
      await runFile(files.find((file) => file.block === program)?.path ?? '');
      expect(JSON.parse(printed.join('\n'))).toEqual(JSON.parse(block.code));
    });
  }
});

describe('the example of the read-me', () => {
  it('exports every row and says so', async () => {
    await runFile(README_EXAMPLE?.path ?? '');
    expect(printed).toEqual([`${project.rows} rows in 1 files: caught-up`]);
    const root = join(folder, 'export', 'spans');
    const exported = (await readdir(root, { recursive: true })).filter((p) => p.endsWith('.gz'));
    expect(exported).toHaveLength(1);
    expect(exported[0]).toMatch(/^\d{4}-\d\d-\d\d\/spans\.1\.0{11}1\.[0-9a-f]{16,}\.jsonl\.gz$/);
  });

  it('asks a doctor whose every step is explained', async () => {
    const doctor = files.find(({ block }) => block.words.includes('continues'));
    await runFile(doctor?.path ?? '');
    const steps = printed.flatMap(
      (line) => /^(?:passed|failed|skipped) (\S+)/.exec(line)?.[1] ?? [],
    );
    expect(steps).toContain('compare-and-swap');
    const guide = documents.find(({ path }) => path === 'docs/getting-started.md');
    expect(steps.filter((step) => guide?.text.includes(`\`${step}\``) !== true)).toEqual([]);
  });

  it('is short', () => {
    const lines = README_EXAMPLE?.block.code.split('\n') ?? [];
    expect(lines.length).toBeLessThanOrEqual(20);
  });
});

describe('the blocks of SQL for DuckDB', () => {
  const blocks = documents
    .flatMap((each) => each.blocks)
    .filter(({ language, words }) => language === 'sql' && words.includes('duckdb'));

  it('are there', () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  for (const block of blocks) {
    it(`run: ${block.document}:${block.line}`, async () => {
      await runFile(README_EXAMPLE?.path ?? '');
      expect(await queryDuckDb(block.code)).not.toEqual([]);
    });
  }
});

describe('the blocks of shell', () => {
  it('call scripts that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const shell = documents.flatMap((each) => each.blocks).filter((b) => b.language === 'sh');
    const called = shell.flatMap(({ code }) =>
      [...code.matchAll(/npm (?:run )?((?:test|demo|bench|check|build)[a-z:]*)/g)].map((m) => m[1]),
    );
    expect(called).toEqual(expect.arrayContaining(['demo', 'test', 'test:nodes', 'bench']));
    expect(called.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([]);
  });
});
