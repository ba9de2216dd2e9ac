import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from './command.js';
import { freePorts, killAll, startDaemon, waitForPort, type Daemon } from './daemon.js';
import type { Requirement } from './install.js';
import { startInFolder, type Ending, type RunningServer } from './running-server.js';
import type { ServerAddress } from './server-address.js';
import {
  proxyConfiguration,
  storageConfiguration,
  SWIFT_CONFIGURATION,
  SWIFT_STORAGES,
  type SwiftProgram,
  type SwiftSite,
  type SwiftStorage,
} from './swift-configuration.js';

/** What Swift needs on the machine. */
export const SWIFT_REQUIREMENT: Requirement = {
  commands: ['swift-ring-builder', 'swift-proxy-server', 'memcached', 'setpriv'].concat(
    SWIFT_STORAGES.map((name) => `swift-${name}-server`),
  ),
  packages: ['proxy', 'account', 'container', 'object']
    .map((name) => `swift-${name}`)
    .concat('memcached', 'util-linux'),
};

/**
 * Starts OpenStack Swift with its S3 interface in a temporary folder. All of its processes end with `stop`, or with
 * this process.
 */
export async function startSwift(): Promise<RunningServer<ServerAddress>> {
  return await startInFolder('swift', startInside);
}

async function startInside(folder: string, endings: Ending[]): Promise<ServerAddress> {
  const site = await makeSite(folder);
  const daemons: SwiftDaemon[] = [];
  endings.push(async () => await killAll(daemons));
  daemons.push(await startMemcached(site));
  for (const name of [...SWIFT_STORAGES, 'proxy'] as const) {
    daemons.push(await startProgram(site, name));
  }
  for (const daemon of daemons) await waitForPort(daemon.port, daemon);
  const { credentials, region } = site;
  return { endpoint: `http://127.0.0.1:${site.ports.proxy}`, region, credentials };
}

async function makeSite(folder: string): Promise<SwiftSite> {
  const [account = 0, container = 0, object = 0, proxy = 0, memcached = 0] = await freePorts(5);
  const ports = { account, container, object, proxy, memcached };
  const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'conformance-secret' };
  const site = { folder, ports, credentials, region: 'us-east-1' };
  for (const name of ['devices/disk', 'cache', 'log']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await writeFile(join(folder, 'swift.conf'), SWIFT_CONFIGURATION);
  await writeFile(join(folder, 'proxy.conf'), proxyConfiguration(site));
  for (const name of SWIFT_STORAGES) {
    await writeFile(join(folder, `${name}.conf`), storageConfiguration(site, name));
  }
  await Promise.all(SWIFT_STORAGES.map((name) => makeRing(site, name)));
  return site;
}

interface SwiftDaemon extends Daemon {
  readonly port: number;
}

/** Tells the proxy that one disk of this machine holds everything. */
async function makeRing(site: SwiftSite, name: SwiftStorage): Promise<void> {
  const builder = join(site.folder, `${name}.builder`);
  const device = `r1z1-127.0.0.1:${site.ports[name]}/disk`;
  for (const args of [['create', '4', '1', '1'], ['add', device, '1'], ['rebalance']]) {
    await runCommand('swift-ring-builder', [builder, ...args]);
  }
}

async function startProgram(site: SwiftSite, name: SwiftProgram): Promise<SwiftDaemon> {
  const daemon = await startDaemon({
    name: `swift-${name}-server`,
    command: `swift-${name}-server`,
    args: [join(site.folder, `${name}.conf`), '-v'],
    logFile: join(site.folder, 'log', `${name}.log`),
    environment: { SWIFT_DIR: site.folder },
  });
  return { ...daemon, port: site.ports[name] };
}

/** The proxy refuses S3 requests without it. */
async function startMemcached(site: SwiftSite): Promise<SwiftDaemon> {
  const port = site.ports.memcached;
  const daemon = await startDaemon({
    name: 'memcached',
    command: 'memcached',
    args: ['-u', 'root', '-l', '127.0.0.1', '-p', `${port}`],
    logFile: join(site.folder, 'log', 'memcached.log'),
  });
  return { ...daemon, port };
}
