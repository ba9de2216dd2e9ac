import type { Options } from 'tsup';

const shared: Options = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  outDir: 'dist',
  sourcemap: true,
  treeshake: true,
};

const entry = {
  index: 'src/index.ts',
  braintrust: 'src/entries/braintrust.ts',
  csv: 'src/entries/csv.ts',
  fs: 'src/entries/fs.ts',
  json: 'src/entries/json.ts',
  jsonl: 'src/entries/jsonl.ts',
  parquet: 'src/entries/parquet.ts',
  s3: 'src/entries/s3.ts',
  testing: 'src/entries/testing.ts',
} as const;
const workerEntry = { 'parquet-worker': 'src/entries/parquet-worker.ts' } as const;

const library: Options = {
  ...shared,
  entry,
  // Types of both: the types that one build writes the other would clean away.
  dts: { entry: { ...entry, ...workerEntry } },
  clean: true,
  splitting: true,
};

/** One file without others, which bundlers and hosts can copy to where workers find it. */
const worker: Options = {
  ...shared,
  entry: workerEntry,
  splitting: false,
};

const config: readonly Options[] = [library, worker];

export default config;
