import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { runCommand } from './command.js';

/** What has to be on the machine for one server. */
export interface Requirement {
  /** Programs that show, by being there, that the packages are installed. */
  readonly commands: readonly string[];
  /** Debian packages that bring them. */
  readonly packages: readonly string[];
}

/** Most time that fetching the list of packages, or installing packages, may take, in milliseconds. */
const INSTALL_LIMIT_MS = 180_000;

/**
 * Installs the packages whose programs are missing with Debian's `apt-get`; does nothing when all are there. The
 * list of packages is fetched only when a package is unknown or no longer to be had.
 */
export async function installMissing(requirements: readonly Requirement[]): Promise<void> {
  const packages = requirements
    .filter(({ commands }) => commands.some((command) => !isInstalled(command)))
    .flatMap(({ packages }) => packages);
  if (packages.length === 0) return;
  refuseWithoutApt(packages);
  try {
    await aptGet(['install', '-y', '--no-install-recommends', ...packages]);
  } catch {
    // An image's list of packages is often empty or too old; whatever else is wrong fails again below.
    await aptGet(['update']);
    await aptGet(['install', '-y', '--no-install-recommends', ...packages]);
  }
}

function refuseWithoutApt(packages: readonly string[]): void {
  if (process.getuid?.() === 0 && isInstalled('apt-get')) return;
  throw new Error(
    `The conformance tests need the Debian packages ${packages.join(', ')}. Install them, or run the tests ` +
      'as root on Debian, where they install them.',
  );
}

async function aptGet(args: readonly string[]): Promise<void> {
  await runCommand('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=60', ...args], {
    limitMs: INSTALL_LIMIT_MS,
    environment: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function isInstalled(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)));
}
