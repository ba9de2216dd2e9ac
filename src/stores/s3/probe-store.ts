import { isExportError } from '../../errors/index.js';
import type { OperationOptions, ProbeStep } from '../../interfaces/index.js';
import { messageOf } from '../../util/message.js';
import type { StoreContext } from './context.js';
import { storeError } from './errors.js';
import { requireListing } from './list-documents.js';
import type { ETagSpelling } from './write-envelope.js';

interface ProbedStore {
  readonly isSingleWriter: boolean;
  readonly findSpelling: () => Promise<ETagSpelling>;
}

/** Tries what the store needs of its bucket. Rejects by abort only. */
export async function* probeStore(
  context: StoreContext,
  options: OperationOptions,
  store: ProbedStore,
): AsyncGenerator<ProbeStep> {
  options.signal?.throwIfAborted();
  const { location } = context.connection.bucket;
  const attempt = (step: string, work: () => Promise<string>): Promise<ProbeStep> =>
    tryStep(step, work, { context, options });
  yield await attempt('store-bucket', async () => {
    await requireListing(context, options);
    return `The documents at ${location} can be listed.`;
  });
  const step = await attempt('store-conditional-write', () => describeWrites(store));
  yield store.isSingleWriter && step.outcome === 'failed'
    ? { step: step.step, outcome: 'skipped', detail: `A single writer is declared. ${step.detail}` }
    : step;
}

async function describeWrites({ isSingleWriter, findSpelling }: ProbedStore): Promise<string> {
  const spelling = await findSpelling();
  const found = `The service keeps If-None-Match and If-Match, with ${spelling} ETags.`;
  return isSingleWriter ? `${found} \`singleWriter\` can be left out.` : found;
}

async function tryStep(
  step: string,
  work: () => Promise<string>,
  { context, options }: { readonly context: StoreContext; readonly options: OperationOptions },
): Promise<ProbeStep> {
  try {
    return { step, outcome: 'passed', detail: await work() };
  } catch (error) {
    options.signal?.throwIfAborted();
    const told = storeError(error, 'use its bucket', context);
    const remedy = isExportError(told) ? told.remedy : undefined;
    return { step, outcome: 'failed', detail: messageOf(told), remedy };
  }
}
