import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface PlaneAddress {
  readonly url: string;
  readonly apiKey: string;
  readonly projectId: string;
}

/** Runs the work against a plane in a process of its own, which a script starts. */
export async function withForkedPlane<T>(
  script: URL,
  words: readonly string[],
  work: (address: PlaneAddress) => Promise<T>,
): Promise<T> {
  const plane = fork(fileURLToPath(script), words, {
    execArgv: ['--import', 'tsx', '--max-old-space-size=12000'],
  });
  try {
    return await work(await firstMessage(plane));
  } finally {
    plane.kill();
  }
}

function firstMessage(plane: ChildProcess): Promise<PlaneAddress> {
  return new Promise((resolve, reject) => {
    plane.once('message', (message) => resolve(message as PlaneAddress));
    plane.once('exit', (code) => reject(new Error(`The plane ended with ${code}.`)));
  });
}
