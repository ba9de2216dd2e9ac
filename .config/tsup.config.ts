import type { Options } from 'tsup';

const shared: Options = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  outDir: 'dist',
  dts: true,
  sourcemap: true,
  treeshake: true,
};

const library: Options = {
  ...shared,
  entry: {
    index: 'src/index.ts',
    braintrust: 'src/entries/braintrust.ts',
    csv: 'src/entries/csv.ts',
    fs: 'src/entries/fs.ts',
    json: 'src/entries/json.ts',
    jsonl: 'src/entries/jsonl.ts',
    parquet: 'src/entries/parquet.ts',
    s3: 'src/entries/s3.ts',
    testing: 'src/entries/testing.ts',
  },
  // Comes long before either of the two is written.
  clean: true,
  splitting: true,
};

/** One file without others, which bundlers and hosts can copy to where workers find it. */
const worker: Options = {
  ...shared,
  entry: { 'parquet-worker': 'src/entries/parquet-worker.ts' },
  splitting: false,
};

const config: readonly Options[] = [library, worker];

export default config;
