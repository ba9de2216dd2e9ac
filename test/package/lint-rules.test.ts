import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Fixture {
  readonly title: string;
  readonly path: string;
  readonly text: string;
  /** The rule that must refuse the file, or `null` for a file that must pass. */
  readonly rule: string | null;
}

const RESTRICTED = 'eslint(no-restricted-imports)';
const EXPORTER = 'exporter/commit.js';

function importing(title: string, path: string, specifier: string): Fixture {
  const text = `import type { Thing } from '${specifier}';\n\nexport type Renamed = Thing;\n`;
  return { title, path, text, rule: RESTRICTED };
}

function allowed(title: string, path: string, specifier: string): Fixture {
  return { ...importing(title, path, specifier), rule: null };
}

const LAYERS: readonly Fixture[] = [
  importing('a sink that imports the exporter', 'src/sinks/fs/bad.ts', `../../${EXPORTER}`),
  importing(
    'a sink beside its folder that imports the exporter',
    'src/sinks/a.ts',
    `../${EXPORTER}`,
  ),
  importing('a sink that imports another sink', 'src/sinks/fs/bad-peer.ts', '../s3/sink.js'),
  importing('a sink that imports rows', 'src/sinks/fs/bad-rows.ts', '../../rows/scanner.js'),
  importing('what AWS adapters share, importing one', 'src/aws/bad.ts', '../sinks/s3/s3-sink.js'),
  importing('the exporter that imports AWS', 'src/exporter/bad-aws.ts', '../aws/failure.js'),
  importing('a store that imports a sink', 'src/stores/bad.ts', '../sinks/fs/sink.js'),
  importing('an encoder that imports the exporter', 'src/encoders/bad.ts', `../${EXPORTER}`),
  importing(
    'an encoder that imports a key strategy',
    'src/encoders/csv/bad.ts',
    '../../keys/date.js',
  ),
  importing('a key strategy that imports an encoder', 'src/keys/bad.ts', '../encoders/jsonl.js'),
  importing('the Braintrust client that imports a sink', 'src/braintrust/bad.ts', '../sinks/a.js'),
  importing('the exporter that imports an adapter', 'src/exporter/bad.ts', '../sinks/fs/sink.js'),
  importing('the exporter that imports testing code', 'src/exporter/b.ts', '../testing/clock.js'),
  importing('leases that import the exporter', 'src/leases/bad.ts', `../${EXPORTER}`),
  importing('leases that import a store', 'src/leases/bad-store.ts', '../stores/memory.js'),
  importing('a store that imports leases', 'src/stores/bad-lease.ts', '../leases/session.js'),
  importing('util that imports leases', 'src/util/bad-lease.ts', '../leases/session.js'),
  importing('rows that import an adapter', 'src/rows/bad.ts', '../encoders/jsonl.js'),
  importing('util that imports an adapter', 'src/util/bad.ts', '../stores/memory.js'),
  importing('util that imports rows', 'src/util/bad-rows.ts', '../rows/scanner.js'),
  importing('errors that import the exporter', 'src/errors/bad.ts', `../${EXPORTER}`),
  importing('options that import testing code', 'src/options/bad.ts', '../testing/clock.js'),
  importing('an interface that imports errors', 'src/interfaces/bad.ts', '../errors/index.js'),
  importing('an interface that imports a package', 'src/interfaces/bad-node.ts', 'node:stream'),
  importing(
    'an adapter that imports the front door',
    'src/sinks/fs/bad-front.ts',
    '../../index.js',
  ),
  importing('an adapter that imports the package', 'src/stores/bad-self.ts', 'tracehaul'),
  allowed('an interface that imports an interface', 'src/interfaces/good.ts', './common.js'),
  allowed('a sink that imports an interface', 'src/sinks/fs/good.ts', '../../interfaces/index.js'),
  allowed('an encoder that imports rows', 'src/encoders/jsonl/good.ts', '../../rows/scanner.js'),
  allowed('the exporter that imports rows', 'src/exporter/good.ts', '../rows/scanner.js'),
  allowed('leases that import errors', 'src/leases/good.ts', '../errors/index.js'),
  allowed('the exporter that imports leases', 'src/exporter/ok.ts', '../leases/session.js'),
  allowed('retention that imports leases', 'src/retention/ok.ts', '../leases/session.js'),
  allowed('util that imports errors', 'src/util/good.ts', '../errors/index.js'),
];

const LONG_FUNCTION = `export function long(): number {
  let sum = 0;
${'  sum += 1;\n'.repeat(70)}  return sum;
}
`;

const FLOATING = `async function work(): Promise<void> {
  await Promise.resolve();
}

export function start(): void {
  work();
}
`;

const HABITS: readonly Fixture[] = [
  {
    title: 'a function over 70 lines',
    path: 'src/exporter/long-function.ts',
    text: LONG_FUNCTION,
    rule: 'eslint(max-lines-per-function)',
  },
  {
    title: 'a file over 400 lines',
    path: 'src/exporter/long-file.ts',
    text: 'export {};\n'.repeat(401),
    rule: 'eslint(max-lines)',
  },
  {
    title: 'a fourth positional parameter',
    path: 'src/exporter/parameters.ts',
    text: 'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d;\n',
    rule: 'eslint(max-params)',
  },
  {
    title: 'a floating promise',
    path: 'src/exporter/floating.ts',
    text: FLOATING,
    rule: 'typescript(no-floating-promises)',
  },
  {
    title: 'an import cycle',
    path: 'src/exporter/cycle-one.ts',
    text: "import { two } from './cycle-two.js';\n\nexport const one = (): number => two();\n",
    rule: 'import(no-cycle)',
  },
  {
    title: 'the other end of the cycle',
    path: 'src/exporter/cycle-two.ts',
    text: "import { one } from './cycle-one.js';\n\nexport const two = (): number => one();\n",
    rule: 'import(no-cycle)',
  },
  {
    title: 'a use of any',
    path: 'src/exporter/any.ts',
    text: 'export const parse = (text: any): string => String(text);\n',
    rule: 'typescript(no-explicit-any)',
  },
  {
    title: 'a default export',
    path: 'src/exporter/default.ts',
    text: 'export default 1;\n',
    rule: 'import(no-default-export)',
  },
  {
    title: 'a write to the console',
    path: 'src/exporter/console.ts',
    text: "console.log('hello');\n",
    rule: 'eslint(no-console)',
  },
  {
    title: 'a plain function',
    path: 'src/exporter/plain.ts',
    text: 'export const double = (value: number): number => 2 * value;\n',
    rule: null,
  },
];

const FIXTURES = [...LAYERS, ...HABITS];

/** A folder that looks like the project to the linter: the same configuration, only bad files. */
async function writeProject(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'tracehaul-lint-'));
  await cp(join(ROOT, '.oxlintrc.json'), join(root, '.oxlintrc.json'));
  await cp(join(ROOT, 'tsconfig.json'), join(root, 'tsconfig.json'));
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { path, text } of FIXTURES) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

async function lint(root: string): Promise<Map<string, Set<string>>> {
  const program = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const output = await new Promise<string>((resolve) => {
    // A linter that refuses something ends with a code other than 0: its report decides, not the code.
    execFile(
      process.execPath,
      [program, '--type-aware', '--format', 'json', 'src'],
      { cwd: root, maxBuffer: 16 * 1024 * 1024 },
      (_error, stdout) => resolve(stdout),
    );
  });
  const found = new Map<string, Set<string>>();
  for (const { code, filename } of (JSON.parse(output) as Report).diagnostics) {
    found.set(filename, (found.get(filename) ?? new Set()).add(code));
  }
  return found;
}

describe('lint rules', () => {
  let root: string;
  let found: Map<string, Set<string>>;

  beforeAll(async () => {
    root = await writeProject();
    found = await lint(root);
  });

  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  for (const { title, path, rule } of FIXTURES) {
    const codes = () => [...(found.get(path) ?? [])];
    if (rule === null) it(`let ${title} pass`, () => expect(codes()).toEqual([]));
    else it(`refuse ${title}`, () => expect(codes()).toContain(rule));
  }
});
