import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import asc from 'assemblyscript/asc';

/** What is compiled to WebAssembly, and the constant in which the library keeps it. */
export const KERNELS = [
  {
    source: 'src/rows/kernel/assembly/index.ts',
    target: 'src/rows/kernel/row-kernel-code.ts',
    constant: 'ROW_KERNEL_CODE',
  },
  {
    source: 'src/encoders/parquet/kernel/assembly/index.ts',
    target: 'src/encoders/parquet/kernel/column-kernel-code.ts',
    constant: 'COLUMN_KERNEL_CODE',
  },
] as const;

const FLAGS = [
  '-O3',
  '--noAssert',
  '--uncheckedBehavior=always',
  '--runtime=stub',
  '--importMemory',
  '--enable=simd',
  '--enable=bulk-memory',
];

/** The text of the TypeScript module that holds the compiled kernel. */
export async function kernelModule({
  source,
  constant,
}: (typeof KERNELS)[number]): Promise<string> {
  const code = (await compile(source)).toString('base64');
  return [
    `// Made by \`npm run build:kernels\` from ${source}; do not edit.`,
    '',
    '/** WebAssembly in base64. */',
    `export const ${constant}: string =`,
    `  '${code}';`,
    '',
  ].join('\n');
}

async function compile(source: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  try {
    const out = join(folder, 'kernel.wasm');
    const stderr = asc.createMemoryStream();
    const { error } = await asc.main([source, ...FLAGS, '--outFile', out], { stderr });
    if (error !== null) throw new Error(`${source} does not compile:\n${stderr.toString()}`);
    return await readFile(out);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const kernel of KERNELS) await writeFile(kernel.target, await kernelModule(kernel));
}
