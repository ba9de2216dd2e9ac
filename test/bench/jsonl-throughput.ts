import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import zstd from '@foxglove/wasm-zstd';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { splitAnswer } from '../../src/rows/answer.js';
import { compare } from './figure.js';
import type { BenchGroup, Contender, Figure } from './figure.js';
import { encodePages } from './encoder-pipeline.js';
import { ROWS_PER_PAGE, spanPages } from './span-pages.js';
import type { RowProfile } from './span-pages.js';

const SEED = 20251121;
const ROUNDS = 7;
const QUICK_ROUNDS = 5;
const INPUT_BYTES = 150_000_000;
const QUICK_INPUT_BYTES = 50_000_000;

/** Speed of JSON Lines in one process, each compression beside what the machine itself offers. */
export const jsonlThroughput: BenchGroup = async function* ({ quick }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-jsonl-'));
  try {
    for (const profile of ['large', 'small'] as const) {
      const pages = takePages(profile, quick ? QUICK_INPUT_BYTES : INPUT_BYTES);
      const path = join(folder, `${profile}.jsonl`);
      await writeFile(path, linesOf(pages));
      yield* measure({ profile, pages, path }, quick ? QUICK_ROUNDS : ROUNDS);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
};

interface Input {
  readonly profile: RowProfile;
  readonly pages: readonly Buffer[];
  /** The same rows as a file of JSON Lines. */
  readonly path: string;
}

async function* measure({ profile, pages, path }: Input, rounds: number): AsyncGenerator<Figure> {
  const subject = (options: Parameters<typeof jsonlEncoder>[0]): Contender => ({
    name: 'jsonlEncoder',
    run: () => encodePages(jsonlEncoder(options), pages),
  });
  const pairs = [
    ['none', subject({ compression: 'none' }), parsingContender(pages)],
    ['zstd-1', subject({ compression: 'zstd', level: 1 }), zstdContender(path, 1, pages)],
    ['zstd-3', subject({ compression: 'zstd', level: 3 }), zstdContender(path, 3, pages)],
    ['gzip-6', subject({ compression: 'gzip', level: 6 }), gzipContender(path, 6, pages)],
  ] as const;
  for (const [name, contender, peer] of pairs) {
    if (peer === null) continue;
    yield compare(`jsonl-${name}-${profile}-rows`, { subject: contender, peer }, rounds);
  }
}

function takePages(profile: RowProfile, bytes: number): readonly Buffer[] {
  const pages: Buffer[] = [];
  let size = 0;
  for (const page of spanPages(profile, SEED)) {
    pages.push(page);
    size += page.length;
    if (size >= bytes) break;
  }
  return pages;
}

function linesOf(pages: readonly Buffer[]): readonly Buffer[] {
  return pages.map((page) => {
    const { bytes, bounds } = splitAnswer(page).rows.text();
    const first = bounds[0] as number;
    const end = bounds[2 * ROWS_PER_PAGE - 1] as number;
    const lines = Buffer.from(bytes.subarray(first, end + 1));
    for (let at = 1; at < bounds.length; at += 2) lines[(bounds[at] as number) - first] = 0x0a;
    return lines;
  });
}

function sizeOf(pages: readonly Buffer[]): number {
  return pages.reduce((sum, page) => sum + page.length, 0);
}

/** The plain way: parse the page, write every row anew. */
function parsingContender(pages: readonly Buffer[]): Contender {
  return {
    name: 'JSON.parse and JSON.stringify',
    run: async () => {
      for (const page of pages) {
        const { data } = JSON.parse(page.toString()) as { readonly data: readonly unknown[] };
        Buffer.from(data.map((row) => `${JSON.stringify(row)}\n`).join(''));
      }
      return Promise.resolve(sizeOf(pages));
    },
  };
}

function zstdContender(path: string, level: number, pages: readonly Buffer[]): Contender {
  if (!hasTool('zstd')) return oneShotContender(level, pages);
  return toolContender(`zstd -${level} -T1`, path, pages);
}

function gzipContender(path: string, level: number, pages: readonly Buffer[]): Contender | null {
  return hasTool('gzip') ? toolContender(`gzip -${level}`, path, pages) : null;
}

function toolContender(command: string, path: string, pages: readonly Buffer[]): Contender {
  const [tool = '', ...options] = command.split(' ');
  return {
    name: command,
    run: async () => {
      const child = spawn(tool, [...options, '-c', path], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [status] = (await once(child, 'exit')) as [number | null];
      if (status !== 0) throw new Error(`${command} ended with ${status}`);
      return sizeOf(pages);
    },
  };
}

/** Where the tool is missing: its library in WebAssembly, fed with whole pages. */
function oneShotContender(level: number, pages: readonly Buffer[]): Contender {
  return {
    name: `zstd ${level} in WebAssembly, a page at a time`,
    run: async () => {
      await zstd.isLoaded;
      for (const page of pages) zstd.compress(page, level);
      return sizeOf(pages);
    },
  };
}

function hasTool(tool: string): boolean {
  return spawnSync(tool, ['--version']).status === 0;
}
