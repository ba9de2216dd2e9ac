import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that runs until it is stopped. */
export interface DaemonCommand {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** File that gets what the program prints. */
  readonly logFile: string;
  /** Variables beside the ones of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Daemon {
  readonly name: string;
  readonly pid: number;
  /** False once the process has ended. */
  isRunning(): boolean;
  /** What the program printed last, for messages. */
  lastOutput(): Promise<string>;
  /** Kills the process with SIGKILL and waits until it is gone. Calling it again does nothing. */
  kill(): Promise<void>;
}

/** Most time a server may take until its port answers, in milliseconds. */
const READY_LIMIT_MS = 40_000;
const READY_INTERVAL_MS = 50;

/**
 * Starts a program in the foreground, as a child of this process. The kernel kills it when this process dies,
 * however that happens, so a killed test run leaves no server behind.
 */
export async function startDaemon(daemon: DaemonCommand): Promise<Daemon> {
  const log = openSync(daemon.logFile, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', daemon.command, ...daemon.args], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...daemon.environment },
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await started(child, daemon.name);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name: daemon.name,
    pid: child.pid ?? 0,
    isRunning,
    lastOutput: async () => (await readFile(daemon.logFile, 'utf8')).slice(-2_000),
    async kill() {
      if (isRunning()) child.kill('SIGKILL');
      await ended;
    },
  };
}

async function started(child: ChildProcess, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${name} could not be started`, { cause })));
  });
}

/** Kills daemons, the last one started first. */
export async function killAll(daemons: readonly Daemon[]): Promise<void> {
  for (const daemon of daemons.toReversed()) await daemon.kill();
}

/** So many TCP ports of the loopback interface that nobody listens on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** Waits until a port takes connections; rejects with the daemon's last words when it ends first or is too slow. */
export async function waitForPort(port: number, daemon: Daemon): Promise<void> {
  await waitUntil(() => connects(port), daemon);
}

/** Waits until `isReady` says so; rejects with the daemon's last words when that ends first or is too slow. */
export async function waitUntil(isReady: () => Promise<boolean>, daemon: Daemon): Promise<void> {
  const limit = Date.now() + READY_LIMIT_MS;
  while (!(await isReady())) {
    if (!daemon.isRunning() || Date.now() > limit) {
      const how = daemon.isRunning() ? `was not ready in ${READY_LIMIT_MS} ms` : 'ended';
      throw new Error(`${daemon.name} ${how}. It printed last:\n${await daemon.lastOutput()}`);
    }
    await sleep(READY_INTERVAL_MS);
  }
}

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
