import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { S3ClientConfig } from '@aws-sdk/client-s3';

import { clientConfigOf, type S3Server } from '../support/s3-place.js';

export const BENCH_BUCKET = 'bench';

/** Runs the work against an S3 double with an empty bucket, in a process of its own. */
export async function withS3<T>(work: (clientConfig: S3ClientConfig) => Promise<T>): Promise<T> {
  const script = fileURLToPath(new URL('../support/s3-double/process.ts', import.meta.url));
  const server = spawn(process.execPath, ['--import', 'tsx', script, BENCH_BUCKET], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: server.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    const { url, ...rest } = JSON.parse(line) as Omit<S3Server, 'endpoint'> & { url: string };
    return await work(clientConfigOf({ ...rest, endpoint: url }));
  } finally {
    server.kill();
  }
}
