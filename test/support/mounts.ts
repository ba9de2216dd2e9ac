import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';

import { afterEach } from 'vitest';

/** Undone last first after each test, whatever became of it. */
const undo: (() => void)[] = [];

afterEach(() => {
  const failures: unknown[] = [];
  for (const step of undo.splice(0).reverse()) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'mounts were left behind');
});

/** Runs a system command; throws with what it said when it fails. */
export function system(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Mounts an empty file system in memory of that size. */
export function mountMemory(target: string, sizeKiB: number): void {
  mkdirSync(target, { recursive: true });
  system('mount', '-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', target);
  undo.push(() => unmount(target));
}

/** Mounts a folder a second time: one device, two mounts. */
export function mountAgain(source: string, target: string): void {
  for (const folder of [source, target]) mkdirSync(folder, { recursive: true });
  system('mount', '--bind', source, target);
  undo.push(() => unmount(target));
}

/** Nothing happens when it is not mounted any more. */
export function unmount(target: string): void {
  if (isMounted(target)) system('umount', '--lazy', target);
}

function isMounted(target: string): boolean {
  try {
    system('mountpoint', '-q', target);
    return true;
  } catch {
    return false;
  }
}

/** Forbids every change in a folder, even to the superuser, until `makeMutable` or the end of the test. */
export function makeImmutable(folder: string): void {
  system('chattr', '+i', folder);
  undo.push(() => makeMutable(folder));
}

export function makeMutable(folder: string): void {
  if (existsSync(folder)) system('chattr', '-i', folder);
}

/** Installs a Debian package unless its command is there. */
export function requireCommand(command: string): void {
  try {
    system('which', command);
  } catch {
    system('apt-get', 'install', '--yes', '--no-install-recommends', command);
  }
}
