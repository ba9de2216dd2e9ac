import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cephConfiguration, type CephSite } from './ceph-configuration.js';
import { runCommand } from './command.js';
import { freePorts, killAll, startDaemon, waitForPort, waitUntil, type Daemon } from './daemon.js';

export interface CephCluster {
  /** Path of the configuration that every Ceph program is given. */
  readonly configuration: string;
  /** Ends all of its processes. */
  stop(): Promise<void>;
}

/** Starts the smallest cluster that can carry a gateway in an empty folder. */
export async function startCephCluster(folder: string): Promise<CephCluster> {
  const [monitorPort = 0] = await freePorts(1);
  const site: CephSite = { folder, clusterId: randomUUID(), monitorPort };
  const configuration = join(folder, 'ceph.conf');
  for (const name of ['monitor', 'objects', 'log', 'run']) await mkdir(join(folder, name));
  await writeFile(configuration, cephConfiguration(site));
  await makeKeys(join(folder, 'keyring'));
  const daemons: Daemon[] = [];
  try {
    const monitor = await startMonitor(configuration, site);
    daemons.push(monitor);
    await waitForPort(monitorPort, monitor);
    const objectStore = await startObjectStore(configuration, folder);
    daemons.push(objectStore);
    await waitUntil(() => isObjectStoreUp(configuration), objectStore);
  } catch (error) {
    await killAll(daemons);
    throw error;
  }
  return { configuration, stop: async () => await killAll(daemons) };
}

/** One file with the keys of all programs; the monitor takes them over when it is made. */
async function makeKeys(keyring: string): Promise<void> {
  await runCommand('ceph-authtool', ['--create-keyring', keyring]);
  for (const name of ['mon.', 'client.admin', 'osd.0', 'client.gateway']) {
    const rights = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
    await runCommand('ceph-authtool', [keyring, '--gen-key', '-n', name, ...rights]);
  }
}

async function startMonitor(configuration: string, site: CephSite): Promise<Daemon> {
  const map = join(site.folder, 'monitor-map');
  const address = `[v2:127.0.0.1:${site.monitorPort}]`;
  const cluster = ['--create', '--fsid', site.clusterId];
  await runCommand('monmaptool', [...cluster, '--addv', 'a', address, map]);
  const given = ['--monmap', map, '--keyring', join(site.folder, 'keyring')];
  await runCommand('ceph-mon', ['-c', configuration, '--mkfs', '-i', 'a', ...given]);
  return await startDaemon({
    name: 'ceph-mon',
    command: 'ceph-mon',
    args: ['-c', configuration, '-f', '-i', 'a'],
    logFile: join(site.folder, 'log', 'monitor.out'),
  });
}

async function startObjectStore(configuration: string, folder: string): Promise<Daemon> {
  const id = randomUUID();
  await ceph(configuration, ['osd', 'new', id]);
  await runCommand('ceph-osd', ['-c', configuration, '-i', '0', '--mkfs', '--osd-uuid', id]);
  return await startDaemon({
    name: 'ceph-osd',
    command: 'ceph-osd',
    args: ['-c', configuration, '-f', '-i', '0'],
    logFile: join(folder, 'log', 'objects.out'),
  });
}

async function isObjectStoreUp(configuration: string): Promise<boolean> {
  const status = await ceph(configuration, ['osd', 'stat', '--format', 'json']);
  return (JSON.parse(status) as { num_up_osds: number }).num_up_osds === 1;
}

async function ceph(configuration: string, args: readonly string[]): Promise<string> {
  return await runCommand('ceph', ['-c', configuration, '--connect-timeout', '20', ...args]);
}
