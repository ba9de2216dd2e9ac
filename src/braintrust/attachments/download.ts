import { isExportError } from '../../errors/index.js';
import type { AttachmentFetchOptions, AttachmentProblem, Runtime } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';
import { reportRequest } from '../../util/report-request.js';
import { anySignal, withTimeLimit } from '../../util/time-limit.js';
import { readReceived } from '../client/answer-body.js';
import { ByteLimitError } from '../client/byte-buffer.js';
import { type Fetch, sendFollowing } from '../client/follow-redirects.js';

/** What came of one download. `again`: another link, or another time, may do. */
export type Download =
  | { readonly kind: 'content'; readonly content: Uint8Array }
  | { readonly kind: 'problem'; readonly problem: AttachmentProblem }
  | { readonly kind: 'again'; readonly reason: string };

export interface DownloadSettings {
  readonly fetch: Fetch;
  readonly runtime: Runtime;
  readonly requestTimeoutMs: number;
}

/** Reads what a link leads to. The link is signed: it goes into no message, and no key goes with it. */
export async function download(
  settings: DownloadSettings,
  url: string,
  options: AttachmentFetchOptions,
): Promise<Download> {
  const { runtime, requestTimeoutMs } = settings;
  const limit = { ms: requestTimeoutMs, reason: () => new Error('The download took too long.') };
  try {
    return await withTimeLimit(runtime, limit, async (over) => {
      const signal = anySignal(options.signal, over) ?? over;
      // The host's own `fetch` may be deaf to its signal.
      return await abortable(request(settings, url, { ...options, signal }), signal);
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof ByteLimitError) return { kind: 'problem', problem: 'too-large' };
    // A redirect to what may not be followed, which another link would repeat.
    if (isExportError(error)) return { kind: 'problem', problem: 'unavailable' };
    return { kind: 'again', reason: 'no whole answer came' };
  }
}

async function request(
  { fetch, runtime }: DownloadSettings,
  url: string,
  options: AttachmentFetchOptions & { readonly signal: AbortSignal },
): Promise<Download> {
  const { signal, observer, maxBytes } = options;
  const bytes = (result: Download): number =>
    result.kind === 'content' ? result.content.length : 0;
  const report = { runtime, observer, target: 'source', operation: 'attachment', bytes } as const;
  return await reportRequest(report, async () => {
    const plain = { body: undefined, headers: {}, privateHeaders: {}, signal };
    const { response } = await sendFollowing(fetch, { url: new URL(url), ...plain });
    if (response.status === 200)
      return { kind: 'content', content: await readReceived(response, { maxBytes, signal }) };
    await response.body?.cancel();
    const isGone = response.status === 404 || response.status === 410;
    if (isGone) return { kind: 'problem', problem: 'missing' };
    return { kind: 'again', reason: `HTTP ${response.status}` };
  });
}
