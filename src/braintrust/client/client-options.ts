import type { Observer, Runtime } from '../../interfaces/index.js';
import { kindOf, readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import { systemRuntime } from '../../util/runtime.js';
import { isUsableKey } from './api-key.js';
import type { ApiKeyOption } from './api-key.js';
import type { Fetch } from './follow-redirects.js';

const MEBIBYTE = 1024 * 1024;
/** Row places inside an answer are 32-bit numbers. */
const ANSWER_MAX_BYTES = 4095 * MEBIBYTE;

/** Options of {@link braintrustClient}. */
export interface BraintrustClientOptions {
  /**
   * An API key (`sk-…`) or service token (`bt-st-…`), or a function that gives one. The function is called
   * before the first query, and once more when Braintrust answers 401.
   */
  readonly apiKey: ApiKeyOption;
  /**
   * URL of the data plane. EU: `https://api-eu.braintrust.dev`. Self-hosted: its own URL, a path included.
   * @defaultValue 'https://api.braintrust.dev'
   */
  readonly apiUrl?: string | undefined;
  /** Name of the organization, for keys that belong to several. Sent as `x-bt-org-name`. */
  readonly organization?: string | undefined;
  /**
   * Most queries in any 60 seconds, over everything that uses this client, served in the order of asking.
   * Hosted plans allow about 20, counted over all users of the API. `Infinity` for a data plane without limit.
   * @defaultValue 20
   */
  readonly requestsPerMinute?: number | undefined;
  /**
   * Limit of one request, its answer included, in milliseconds.
   * @defaultValue 120_000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Limit of one query with all its retries and waits between them, in milliseconds.
   * @defaultValue 300_000
   */
  readonly totalTimeoutMs?: number | undefined;
  /**
   * Most attempts at one query.
   * @defaultValue 8
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Largest answer, as received and once decompressed, in bytes.
   * @defaultValue 268_435_456 (256 MiB)
   */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * Carries the requests: for a proxy, a private CA, instrumentation. Must honour `redirect: 'manual'` and `signal`.
   * @defaultValue the global `fetch`
   */
  readonly fetch?: Fetch | undefined;
  /** Receives `request` and `retry` events of all queries. */
  readonly observer?: Observer | undefined;
  /** Time, waiting and randomness. @defaultValue those of Node */
  readonly runtime?: Runtime | undefined;
}

export interface ClientSettings {
  readonly apiKey: ApiKeyOption;
  readonly apiUrl: URL;
  readonly organization: string | undefined;
  readonly requestsPerMinute: number;
  readonly requestTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxAttempts: number;
  readonly maxAnswerBytes: number;
  readonly fetch: Fetch;
  readonly observer: Observer | undefined;
  readonly runtime: Runtime;
}

export function readClientOptions(options: unknown): Readonly<ClientSettings> {
  return readOptions('braintrustClient', options, (reader) => ({
    apiKey: readApiKey(reader, options),
    apiUrl: readApiUrl(reader),
    organization: reader.has('organization') ? readOrganization(reader) : undefined,
    requestsPerMinute: reader.number('requestsPerMinute', 20, { min: 1 }),
    requestTimeoutMs: reader.number('requestTimeoutMs', 120_000, { min: 1, max: 3_600_000 }),
    totalTimeoutMs: reader.number('totalTimeoutMs', 300_000, { min: 1, max: 86_400_000 }),
    maxAttempts: reader.number('maxAttempts', 8, { min: 1, max: 100 }),
    maxAnswerBytes: reader.number('maxAnswerBytes', 256 * MEBIBYTE, {
      min: 1024,
      max: ANSWER_MAX_BYTES,
    }),
    fetch: reader.func<Fetch>('fetch') ?? ((url, init) => globalThis.fetch(url, init)),
    observer: reader.func<Observer>('observer'),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'sleep', 'random', 'id'], systemRuntime),
  }));
}

function readApiKey(reader: OptionReader, options: unknown): ApiKeyOption {
  const present = reader.has('apiKey');
  const value = present ? (options as Readonly<Record<string, unknown>>)['apiKey'] : undefined;
  if (typeof value === 'function') return value as ApiKeyOption;
  if (isUsableKey(value)) return value;
  const problem = typeof value === 'string' ? 'an unusable one' : kindOf(value);
  reader.problem('apiKey', `must be a key without spaces, or a function, not ${problem}`);
  return '';
}

function readApiUrl(reader: OptionReader): URL {
  const text = reader.string('apiUrl', 'https://api.braintrust.dev');
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    reader.problem('apiUrl', 'must be an http or https URL');
  } else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    reader.problem('apiUrl', 'must have no credentials, query or fragment');
  }
  return url ?? new URL('http://invalid');
}

function readOrganization(reader: OptionReader): string {
  const name = reader.string('organization');
  if (!/^[\x20-\x7e]*$/u.test(name)) reader.problem('organization', 'must be printable ASCII');
  return name;
}
