import type { Options } from 'tsup';

const config: Options = {
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
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  outDir: 'dist',
  clean: true,
  dts: true,
  sourcemap: true,
  splitting: true,
  treeshake: true,
};

export default config;
