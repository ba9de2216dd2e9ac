import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PROJECT_ROOT } from './packed-package.js';

export const EXAMPLES: string = join(PROJECT_ROOT, 'examples');

/** Most time an example may take, in milliseconds; it is killed then and `code` is `null`. */
const TIME_LIMIT_MS = 50_000;

export interface ExampleOptions {
  /** Its working directory. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly parameters: readonly string[];
}

export interface ExampleResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExampleProcess {
  readonly ended: Promise<ExampleResult>;
  /** The first group of the first match of what it prints; rejects when it ends without one. */
  printed(pattern: RegExp): Promise<string>;
  /** Sends SIGTERM. */
  stop(): void;
}

/** Runs an example to its end, as its header says, with the sources of the project instead of an installed package. */
export async function runExample(name: string, options: ExampleOptions): Promise<ExampleResult> {
  return await startExample(name, options).ended;
}

export function startExample(name: string, options: ExampleOptions): ExampleProcess {
  const tsx = pathToFileURL(join(PROJECT_ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
  const child = spawn(
    process.execPath,
    ['--import', tsx, join(EXAMPLES, name), ...options.parameters],
    {
      cwd: options.folder,
      env: {
        PATH: process.env['PATH'],
        TSX_TSCONFIG_PATH: join(PROJECT_ROOT, 'tsconfig.json'),
        ...options.environment,
      },
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    },
  );
  let stdout = '';
  let stderr = '';
  let look = (): void => undefined;
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
    look();
  });
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const ended = new Promise<ExampleResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = pattern.exec(stdout)?.[1];
        if (found !== undefined) resolve(found);
      };
      look();
      void ended.then(
        () => reject(new Error(`${name} ended without ${pattern}: ${stderr}`)),
        reject,
      );
    });
  return { ended, printed, stop: () => void child.kill('SIGTERM') };
}
