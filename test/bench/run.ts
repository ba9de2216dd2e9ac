/**
 * Benchmarks: `npm run bench -- [area] [--json] [--quick]`.
 *
 * Prints a table, or with `--json` one JSON line per figure. Trust the ratios: they compare with a peer that
 * ran in turns on the same machine.
 */
import type { BenchGroup, Figure } from './figure.js';
import { encoderHost } from './encoder-host.js';
import { jsonlExport } from './jsonl-export.js';
import { jsonlThroughput } from './jsonl-throughput.js';
import { parquetExport } from './parquet-export.js';
import { parquetPlain } from './parquet-plain.js';
import { parquetThroughput } from './parquet-throughput.js';
import { retention } from './retention.js';
import { s3Export } from './s3-export.js';
import { sourceRequests } from './source-requests.js';
import { s3Upload } from './s3-upload.js';

/** A new kind of figure is a file of its own and one entry here. */
const AREAS: Readonly<Record<string, readonly BenchGroup[]>> = {
  jsonl: [jsonlThroughput, encoderHost(['none', 'gzip', 'zstd']), jsonlExport],
  parquet: [
    parquetThroughput,
    parquetPlain,
    encoderHost(['parquet.real', 'parquet.small', 'parquet.real.2', 'parquet.small.2']),
    parquetExport,
  ],
  s3: [s3Upload, s3Export],
  sources: [sourceRequests],
  retention: [retention],
};

const words = process.argv.slice(2);
const options = new Set(words.filter((word) => word.startsWith('--')));
const areas = words.filter((word) => !word.startsWith('--'));
const unknown = [
  ...areas.filter((area) => !Object.hasOwn(AREAS, area)),
  ...[...options].filter((option) => option !== '--json' && option !== '--quick'),
];
if (unknown.length > 0) {
  const known = Object.keys(AREAS).join(', ');
  console.error(`Unknown: ${unknown.join(', ')}. Areas: ${known}. Options: --json, --quick.`);
  process.exit(1);
}

for (const area of areas.length > 0 ? areas : Object.keys(AREAS)) {
  for (const group of AREAS[area] ?? []) {
    for await (const figure of group({ quick: options.has('--quick') })) print(figure);
  }
}

function print(figure: Figure): void {
  if (options.has('--json')) {
    console.log(JSON.stringify(figure));
    return;
  }
  const value = `${figure.value.toFixed(figure.value < 100 ? 1 : 0)} ${figure.unit}`;
  const ratio = figure.ratio === null ? '' : `${figure.ratio.toFixed(2)} x ${figure.peer}`;
  console.log(`${figure.name.padEnd(32)}${value.padStart(12)}   ${ratio}`.trimEnd());
}
