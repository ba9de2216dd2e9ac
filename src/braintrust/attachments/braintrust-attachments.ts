import { SourceError, isExportError } from '../../errors/index.js';
import type {
  AttachmentAnswer,
  AttachmentFetcher,
  AttachmentFetchOptions,
  AttachmentReference,
  Runtime,
} from '../../interfaces/index.js';
import { type OptionReader, readOptions } from '../../options/index.js';
import { systemRuntime } from '../../util/runtime.js';
import type { BraintrustClient } from '../client/client.js';
import type { Fetch } from '../client/follow-redirects.js';
import { backoffMs } from '../client/retry-delay.js';
import {
  BRAINTRUST_ATTACHMENT,
  EXTERNAL_ATTACHMENT,
  type ServiceReference,
  readReference,
} from './attachment-reference.js';
import { type Download, download } from './download.js';

/** Options of {@link braintrustAttachments}. */
export interface BraintrustAttachmentsOptions {
  /** Asks for links, one request for each file. A client of its own keeps them out of the budget of queries. */
  readonly client: BraintrustClient;
  /**
   * Whether files of `external_attachment` references are copied too. Who may log rows then decides which URLs this
   * process reads, those of its own network among them.
   * @defaultValue false
   */
  readonly external?: boolean | undefined;
  /** Id of the organization, sent as `org_id`, for keys that belong to several. */
  readonly organizationId?: string | undefined;
  /**
   * Most attempts at one file, each with a new link.
   * @defaultValue 4
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Limit of one download, in milliseconds.
   * @defaultValue 120_000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Carries the downloads. Must honour `redirect: 'manual'` and `signal`.
   * @defaultValue the global `fetch`
   */
  readonly fetch?: Fetch | undefined;
  /** Time, waiting and randomness. @defaultValue those of Node */
  readonly runtime?: Runtime | undefined;
}

interface AttachmentsSettings {
  readonly client: BraintrustClient;
  readonly external: boolean;
  readonly organizationId: string | undefined;
  readonly maxAttempts: number;
  readonly requestTimeoutMs: number;
  readonly fetch: Fetch;
  readonly runtime: Runtime;
}

/** Where a file can be read for a while, or why it cannot. */
type Link = { readonly url: string } | Extract<AttachmentAnswer, { readonly problem: unknown }>;

/**
 * Reads the attachments that rows of Braintrust name, for the option `attachments` of `createExporter`: asks the
 * service for a link and downloads from there, without the API key.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function braintrustAttachments(options: BraintrustAttachmentsOptions): AttachmentFetcher {
  const settings = readOptions('braintrustAttachments', options, readSettings);
  return Object.freeze({
    name: 'braintrust',
    types: Object.freeze([BRAINTRUST_ATTACHMENT, EXTERNAL_ATTACHMENT]),
    read: (value) => readReference(value, settings.external),
    fetch: (reference, given) => fetchAttachment(settings, reference, given),
  } satisfies AttachmentFetcher);
}

function readSettings(reader: OptionReader): AttachmentsSettings {
  return {
    client: reader.adapter<BraintrustClient>('client', ['apiUrl', 'get']),
    external: reader.boolean('external', false),
    organizationId: reader.has('organizationId') ? reader.string('organizationId') : undefined,
    maxAttempts: reader.number('maxAttempts', 4, { min: 1, max: 20 }),
    requestTimeoutMs: reader.number('requestTimeoutMs', 120_000, { min: 1, max: 3_600_000 }),
    fetch: reader.func<Fetch>('fetch') ?? ((url, init) => globalThis.fetch(url, init)),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'sleep', 'random', 'id'], systemRuntime),
  };
}

async function fetchAttachment(
  settings: AttachmentsSettings,
  reference: AttachmentReference,
  options: AttachmentFetchOptions,
): Promise<AttachmentAnswer> {
  const { runtime, maxAttempts } = settings;
  for (let attempt = 1; ; attempt += 1) {
    const link = await askForLink(settings, reference as ServiceReference, options);
    if ('problem' in link) return link;
    const answer = await download(settings, link.url, options);
    if (answer.kind === 'content') return { content: answer.content };
    if (answer.kind === 'problem') return { problem: answer.problem };
    if (attempt >= maxAttempts) throw unavailable(answer);
    const delayMs = backoffMs(attempt, runtime.random());
    await runtime.sleep(delayMs, options.signal);
  }
}

async function askForLink(
  { client, organizationId }: AttachmentsSettings,
  { parameters }: ServiceReference,
  { signal, observer }: AttachmentFetchOptions,
): Promise<Link> {
  const query = new URLSearchParams(parameters);
  if (organizationId !== undefined) query.set('org_id', organizationId);
  try {
    const { value } = await client.get(`/attachment?${query.toString()}`, { signal, observer });
    return readLink(value);
  } catch (error) {
    // The service refuses this file, not the key: that would be SOURCE_UNAUTHORIZED.
    if (isExportError(error, 'SOURCE_FORBIDDEN') || isExportError(error, 'SOURCE_QUERY_INVALID'))
      return { problem: 'missing' };
    throw error;
  }
}

function readLink(value: unknown): Link {
  const { downloadUrl, status } = (value ?? {}) as {
    readonly downloadUrl?: unknown;
    readonly status?: { readonly upload_status?: unknown } | null;
  };
  if (status?.upload_status === 'uploading') return { problem: 'not-uploaded' };
  if (status?.upload_status === 'error') return { problem: 'missing' };
  if (
    typeof downloadUrl === 'string' &&
    /^https?:/iu.test(downloadUrl) &&
    URL.canParse(downloadUrl)
  )
    return { url: downloadUrl };
  // One file that the service cannot lead to is no reason to export nothing.
  return { problem: 'unavailable' };
}

function unavailable({ reason }: Extract<Download, { readonly kind: 'again' }>): SourceError {
  return new SourceError('SOURCE_UNAVAILABLE', `An attachment could not be read: ${reason}.`, {
    remedy: 'See that this process can reach the storage of attachments.',
    retryable: true,
  });
}
