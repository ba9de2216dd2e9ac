import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runScript } from '../support/child-script.js';
import {
  PROJECT_ROOT,
  installPackedPackage,
  readPackageFile,
  specifiers,
  type ConsumerProject,
} from '../support/packed-package.js';

const packageFile = await readPackageFile();
const names = specifiers(packageFile);
/** Doors behind which an adapter needs an optional package. */
const SDK = '@aws-sdk/client-s3';
const S3 = `${packageFile.name}/s3`;
const bareNames = names.filter((name) => name !== S3);
let project: ConsumerProject;
let equipped: ConsumerProject;

beforeAll(async () => {
  project = await installPackedPackage();
  equipped = await installPackedPackage([SDK]);
});

afterAll(async () => {
  await project.remove();
  await equipped.remove();
});

/** Packages that come with the library: those that it requires, and what these require. */
const OWN_PACKAGES: readonly string[] = [
  ...Object.keys(packageFile.dependencies ?? {}),
  'yocto-queue',
];
/** Packages that the SDK loads besides. */
const SDK_PACKAGES: readonly string[] = ['@aws'];

function inModules(name: string): string {
  return `/node_modules/${name}/`;
}

/** The loaded files of the host, by path; Node's own modules are left out. */
function files(loaded: readonly string[]): readonly string[] {
  return loaded.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
}

/** The source files behind the loaded files of the library, told by their source maps. */
async function sourcesOf(loaded: readonly string[]): Promise<readonly string[]> {
  const sources: string[] = [];
  for (const path of files(loaded).filter((file) => file.startsWith(project.library))) {
    const map = JSON.parse(await readFile(`${path}.map`, 'utf8')) as { sources: string[] };
    sources.push(...map.sources.map((source) => source.replace(/^(\.\.\/)+/, '')));
  }
  return sources;
}

/** Node 22 loads its HTTP client with this module, WASM and a global with it: not the doing of the library. */
const LOAD_HTTP = "await import('node:http');";

const COUNT_WASM = `
${LOAD_HTTP}
let wasm = 0;
for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming', 'Module']) {
  WebAssembly[name] = new Proxy(WebAssembly[name], {
    apply: (...all) => { wasm += 1; return Reflect.apply(...all); },
    construct: (...all) => { wasm += 1; return Reflect.construct(...all); },
  });
}`;

function importing(specifier: string): string {
  return `${COUNT_WASM}
const names = Object.keys(await import(${JSON.stringify(specifier)}));
console.log(JSON.stringify({ names, wasm }));`;
}

interface Imported {
  readonly names: readonly string[];
  readonly wasm: number;
}

type ImportReport = Imported & { readonly loaded: readonly string[] };

const reports = new Map<string, Promise<ImportReport>>();

/** What a host sees that imports one name; asked once for each. */
function importInChild(specifier: string): Promise<ImportReport> {
  const report = reports.get(specifier) ?? importNow(specifier);
  reports.set(specifier, report);
  return report;
}

async function importNow(specifier: string): Promise<ImportReport> {
  const result = await runScript({
    folder: project.root,
    format: 'module',
    source: importing(specifier),
  });
  expect(result.stderr).toBe('');
  return { ...(JSON.parse(result.stdout) as Imported), loaded: result.loaded };
}

describe('a host with nothing but the package', () => {
  for (const specifier of bareNames) {
    it(`imports ${specifier}, which loads its own files only`, async () => {
      const own = [project.library, ...OWN_PACKAGES.map(inModules)];
      const { names: exported, wasm, loaded } = await importInChild(specifier);
      expect(exported.length).toBeGreaterThan(0);
      expect(wasm).toBe(0);
      const strangers = files(loaded).filter((path) => !own.some((part) => path.includes(part)));
      expect(strangers).toEqual([]);
    });

    it(`requires ${specifier} from CommonJS and gets the same names`, async () => {
      const source = `console.log(JSON.stringify(Object.keys(require(${JSON.stringify(specifier)}))))`;
      const { code, stdout } = await runScript({
        folder: project.root,
        format: 'commonjs',
        source,
      });
      const { names: exported } = await importInChild(specifier);
      expect(code).toBe(0);
      const required = JSON.parse(stdout) as string[];
      // Node adds this name, so that a transpiled caller knows an ES module.
      expect(required.filter((name) => name !== '__esModule')).toEqual(exported);
    });
  }

  it('loads no testing code through the front door', async () => {
    const { loaded } = await importInChild(packageFile.name);
    const sources = await sourcesOf(loaded);
    expect(sources).toContain('src/errors/index.ts');
    expect(sources.filter((source) => source.startsWith('src/testing/'))).toEqual([]);
  });

  it('sees testing code loaded by the door for tests', async () => {
    const { loaded } = await importInChild(`${packageFile.name}/testing`);
    const sources = await sourcesOf(loaded);
    expect(sources.some((source) => source.startsWith('src/testing/'))).toBe(true);
  });
});

describe('a host that exports to S3', () => {
  const source = `console.log(JSON.stringify(Object.keys(await import('${S3}'))))`;

  it('is told which package is missing', async () => {
    const { code, stderr } = await runScript({ folder: project.root, format: 'module', source });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`Cannot find package '${SDK}'`);
  });

  it('imports or requires the adapters once it is there', async () => {
    const { stdout } = await runScript({ folder: equipped.root, format: 'module', source });
    const imported = JSON.parse(stdout) as string[];
    expect(imported).toEqual(expect.arrayContaining(['s3Sink', 's3CursorStore', 'iamPolicy']));
    const required = await runScript({
      folder: equipped.root,
      format: 'commonjs',
      source: `console.log(JSON.stringify(Object.keys(require('${S3}'))))`,
    });
    const found = JSON.parse(required.stdout) as string[];
    expect(found.filter((name) => name !== '__esModule')).toEqual(imported);
  });

  it('loads only the library, what it requires, and the SDK', async () => {
    const { loaded } = await runScript({ folder: equipped.root, format: 'module', source });
    const own = [equipped.library, ...[...OWN_PACKAGES, '@aws-sdk', '@smithy'].map(inModules)];
    const others = files(loaded).filter((path) => !own.some((part) => path.includes(part)));
    expect(new Set(others.map((path) => /node_modules\/([^/]+)/.exec(path)?.[1]))).toEqual(
      new Set(SDK_PACKAGES),
    );
  });
});

describe('the detection of loaded packages', () => {
  /** A package that the library must never load: plain code, CommonJS code and WASM. */
  async function installHeavy(): Promise<void> {
    const folder = join(project.root, 'node_modules', 'heavy');
    await mkdir(folder, { recursive: true });
    const bytes = 'Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)';
    const code = `import './part.cjs';\nnew WebAssembly.Module(${bytes});\nexport const heavy = true;\n`;
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "exports": "./main.js" }');
    await writeFile(join(folder, 'main.js'), code);
    await writeFile(join(folder, 'part.cjs'), 'exports.part = true;\n');
  }

  it('sees ES modules, CommonJS modules and WASM of a package', async () => {
    await installHeavy();
    const { wasm, loaded } = await importInChild('heavy');
    expect(files(loaded).map((path) => basename(path))).toEqual(['main.js', 'part.cjs']);
    expect(wasm).toBe(1);
  });
});

describe('importing', () => {
  const observing = (work: string): string => `
${LOAD_HTTP}
const { default: process } = await import('node:process');
const look = () => ({
  resources: process.getActiveResourcesInfo().length,
  globals: Reflect.ownKeys(globalThis).length,
  listeners: process.eventNames().flatMap((name) => process.listeners(name)).length,
});
const before = look();
${work}
const after = look();
console.log(JSON.stringify({ before, after }));`;

  async function observe(work: string) {
    const source = observing(work);
    const result = await runScript({ folder: project.root, format: 'module', source });
    expect(result.code).toBe(0);
    return JSON.parse(result.stdout) as { readonly before: object; readonly after: object };
  }

  it('starts no timer, opens no handle, touches no global and lets the process end', async () => {
    const work = bareNames
      .map((specifier) => `await import(${JSON.stringify(specifier)});`)
      .join('\n');
    const { before, after } = await observe(work);
    expect(after).toEqual(before);
  });

  for (const [what, work] of [
    ['a timer', 'setTimeout(() => {}, 1);'],
    ['a global', 'globalThis.stranger = 1;'],
    ['a listener', "process.once('exit', () => {});"],
  ] as const) {
    it(`would be caught if it made ${what}`, async () => {
      const { before, after } = await observe(work);
      expect(after).not.toEqual(before);
    });
  }
});

describe('the emitted types', () => {
  const consumer = (): string => {
    const imports = names.map(
      (specifier, index) => `import * as door${index} from '${specifier}';`,
    );
    const uses = names.map((_, index) => `export type Door${index} = typeof door${index};`);
    return [
      ...imports,
      "import { isExportError, type Sink, type Source } from 'tracehaul';",
      ...uses,
      'export const codeOf = (error: unknown): string =>',
      "  isExportError(error) ? error.code : 'none';",
      'export const nameOf = (adapter: Sink | Source): string => adapter.name;',
      '',
    ].join('\n');
  };

  interface Compilation {
    readonly file: string;
    readonly module: string;
    readonly moduleResolution: string;
    readonly text?: string;
  }

  async function compile({ file, module, moduleResolution, text }: Compilation): Promise<string> {
    const folder = join(equipped.root, `types-${file}`);
    await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
    const types = join(PROJECT_ROOT, 'node_modules/@types/node');
    await symlink(types, join(folder, 'node_modules/@types/node'));
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'ES2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: [file] }),
    );
    await writeFile(join(folder, file), text ?? consumer());
    const tsc = join(PROJECT_ROOT, 'node_modules/typescript/lib/tsc.js');
    const parameters = [tsc, '-p', folder, '--pretty', 'false'];
    return spawnSync(process.execPath, parameters, { encoding: 'utf8' }).stdout.trim();
  }

  for (const [module, moduleResolution, file] of [
    ['node16', 'node16', 'node16.mts'],
    ['esnext', 'bundler', 'bundler.ts'],
    ['nodenext', 'nodenext', 'nodenext.cts'],
  ] as const) {
    it(`compile strictly with moduleResolution ${moduleResolution} in a ${file.split('.')[1]} file`, async () => {
      expect(await compile({ file, module, moduleResolution })).toBe('');
    });
  }

  it('are really checked: a name that is not exported is refused', async () => {
    const text = "import { nothing } from 'tracehaul';\nexport const used = nothing;\n";
    const file = 'wrong.mts';
    const problems = await compile({ file, module: 'node16', moduleResolution: 'node16', text });
    expect(problems).toContain("has no exported member 'nothing'");
  });
});
