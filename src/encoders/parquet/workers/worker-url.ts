import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import { ConfigurationError } from '../../../errors/index.js';
import type { OptionReader } from '../../../options/index.js';

/** Reads where the code of the workers lies; `undefined` for the file that comes with the package. */
export function readWorkerUrl(reader: OptionReader): URL | string | undefined {
  const value = reader.value('workerUrl');
  if (value === undefined) return undefined;
  if (value instanceof URL) return value;
  if (typeof value === 'string' && isAbsolute(value)) return value;
  if (typeof value === 'string' && value.startsWith('file:') && URL.canParse(value)) {
    return new URL(value);
  }
  reader.problem('workerUrl', 'must be a URL, or the absolute path of a file');
  return undefined;
}

/**
 * Finds the code of the workers.
 * @throws ConfigurationError `CAPABILITY_MISSING` when there is no such file.
 */
export function requireWorkerUrl(given: URL | string | undefined): URL | string {
  const url = given ?? packagedUrl();
  const isThere = url !== null && (!isFile(url) || existsSync(url));
  if (isThere) return url;
  throw new ConfigurationError('CAPABILITY_MISSING', problemOf(given), {
    remedy:
      'Leave tracehaul out of the bundle (mark it as external), or emit tracehaul/parquet-worker as a file of its own and give its place as `workerUrl`; or set `workers: 0`.',
    details: { workerUrl: url === null ? null : String(url) },
  });
}

/** Beside the code of the library; bundlers that follow this form copy the file. */
function packagedUrl(): URL | null {
  try {
    return new URL('./parquet-worker.js', import.meta.url);
  } catch {
    // A bundle of CommonJS has no `import.meta.url`.
    return null;
  }
}

function isFile(url: URL | string): boolean {
  return typeof url === 'string' || url.protocol === 'file:';
}

function problemOf(given: URL | string | undefined): string {
  return given === undefined
    ? 'The code of the workers is not beside the code of tracehaul, which seems to be bundled.'
    : 'There is no file at `workerUrl`.';
}
