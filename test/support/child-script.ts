import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Every script that V8 compiled in the process, by URL: ES modules, CommonJS modules and Node's own. */
  readonly loaded: readonly string[];
}

export interface Script {
  /** Folder that the script lies in; decides which packages it finds. */
  readonly folder: string;
  /** `module` or `commonjs`. */
  readonly format: 'module' | 'commonjs';
  readonly source: string;
}

/** Most time a script may take, in milliseconds; it is killed then and `code` is `null`. */
const TIME_LIMIT_MS = 30_000;

/**
 * Runs a script in a Node process of its own and tells what was loaded there. The list is V8's own, written at
 * the end of the process by its coverage, so no import can hide from it.
 */
export async function runScript(script: Script): Promise<ScriptResult> {
  const work = await mkdtemp(join(script.folder, 'script-'));
  try {
    const path = join(work, script.format === 'module' ? 'main.mjs' : 'main.cjs');
    await writeFile(path, script.source);
    const coverage = join(work, 'coverage');
    const child = spawn(process.execPath, [path], {
      cwd: work,
      env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: coverage },
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, stdout, stderr, loaded: code === null ? [] : await readLoaded(coverage, path) };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function readLoaded(folder: string, main: string): Promise<readonly string[]> {
  const urls = new Set<string>();
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      result: { url: string }[];
    };
    for (const { url } of result) urls.add(url);
  }
  return [...urls].filter((url) => !url.endsWith(main)).toSorted();
}
