import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ServerAddress } from './server-address.js';

export interface RunningServer<Address extends ServerAddress> {
  readonly address: Address;
  /** Ends all of its processes and removes its folder. */
  stop(): Promise<void>;
}

/** What has to be undone at the end, the last one first. */
export type Ending = () => Promise<void>;

/**
 * Runs `start` in a new temporary folder. When it fails, and at `stop`, everything that it put into `endings` is
 * undone, then the folder is removed.
 */
export async function startInFolder<Address extends ServerAddress>(
  name: string,
  start: (folder: string, endings: Ending[]) => Promise<Address>,
): Promise<RunningServer<Address>> {
  const folder = await mkdtemp(join(tmpdir(), `tracehaul-${name}-`));
  const endings: Ending[] = [async () => await rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    return { address: await start(folder, endings), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
