import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Folder of the project. */
export const PROJECT_ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly sideEffects: readonly string[];
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What `package.json` of the project says. */
export async function readPackageFile(): Promise<PackageFile> {
  return JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8')) as PackageFile;
}

/** Names under which code is imported, `tracehaul` first. */
export function specifiers({ name, exports }: PackageFile): readonly string[] {
  const code = Object.keys(exports).filter((subpath) => subpath !== './package.json');
  return code.map((subpath) => (subpath === '.' ? name : `${name}/${subpath.slice(2)}`));
}

/** The paths that `npm publish` would upload. */
export async function listPackedFiles(): Promise<readonly string[]> {
  const { stdout } = await runNpm(['pack', '--dry-run', '--json']);
  const [tarball] = JSON.parse(stdout) as { files: { path: string }[] }[];
  return tarball?.files.map((file) => file.path) ?? [];
}

/** A folder outside the project in which the packed library and its required packages are installed. */
export interface ConsumerProject {
  readonly root: string;
  /** Where the library lies. */
  readonly library: string;
  remove(): Promise<void>;
}

/**
 * Packs the library as `npm publish` would and installs the tarball into a new folder. Optional packages are
 * not there but those that are named; they and the required ones are linked from the project, so that nothing is
 * fetched.
 */
export async function installPackedPackage(
  optional: readonly string[] = [],
): Promise<ConsumerProject> {
  const packageFile = await readPackageFile();
  if (!existsSync(join(PROJECT_ROOT, 'dist', 'index.js')))
    throw new Error('dist/ is not built: run `npm run build` first, or `npm test`.');
  const root = await mkdtemp(join(tmpdir(), 'tracehaul-consumer-'));
  const library = join(root, 'node_modules', packageFile.name);
  await mkdir(library, { recursive: true });
  const { stdout } = await runNpm(['pack', '--json', '--pack-destination', root]);
  const [tarball] = JSON.parse(stdout) as { filename: string }[];
  await execute('tar', [
    'xzf',
    join(root, tarball!.filename),
    '--strip-components=1',
    '-C',
    library,
  ]);
  for (const name of [...Object.keys(packageFile.dependencies ?? {}), ...optional]) {
    const link = join(root, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(PROJECT_ROOT, 'node_modules', name), link);
  }
  return { root, library, remove: () => rm(root, { recursive: true, force: true }) };
}

function runNpm(parameters: readonly string[]): Promise<{ stdout: string }> {
  return execute('npm', [...parameters, '--loglevel=error'], {
    cwd: PROJECT_ROOT,
    maxBuffer: 16 * 1024 * 1024,
  });
}
