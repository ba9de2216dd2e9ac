import { dirname, join } from 'node:path';

import { freePorts, startDaemon, waitForPort, type Daemon } from './daemon.js';

/** A radosgw process: the HTTP side of a cluster. Several may run on one cluster, and all show the same buckets. */
export interface Gateway {
  readonly endpoint: string;
  /** Ends the process at once, as a power failure would: open requests get no answer. */
  kill(): Promise<void>;
  /** Starts it again at the same endpoint, after `kill`. */
  restart(): Promise<void>;
}

/** Starts a gateway on the cluster with the given configuration. */
export async function startGateway(configuration: string): Promise<Gateway> {
  const [port = 0] = await freePorts(1);
  let daemon = await startProcess(configuration, port);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    kill: async () => await daemon.kill(),
    async restart() {
      await daemon.kill();
      daemon = await startProcess(configuration, port);
    },
  };
}

async function startProcess(configuration: string, port: number): Promise<Daemon> {
  const frontend = `beast endpoint=127.0.0.1:${port}`;
  const daemon = await startDaemon({
    name: 'radosgw',
    command: 'radosgw',
    args: ['-c', configuration, '-n', 'client.gateway', '-f', `--rgw-frontends=${frontend}`],
    logFile: join(dirname(configuration), 'log', `gateway-${port}.out`),
  });
  try {
    await waitForPort(port, daemon);
  } catch (error) {
    await daemon.kill();
    throw error;
  }
  return daemon;
}
