import { isExportError } from '../errors/index.js';
import type { CursorStore, OperationOptions, ProbeStep } from '../interfaces/index.js';
import { messageOf } from './message.js';

/** A step's work: one sentence on what was seen, a whole step, or an error. */
export type StepWork = () => Promise<string | ProbeStep>;
/** The steps of an adapter's own probe; one that throws becomes a failed step. */
export async function ownSteps(
  name: string,
  probe: AsyncIterable<ProbeStep> | undefined,
  options: OperationOptions,
): Promise<readonly ProbeStep[]> {
  const steps: ProbeStep[] = [];
  try {
    for await (const step of probe ?? []) steps.push(step);
  } catch (error) {
    options.signal?.throwIfAborted();
    steps.push(failed(name, error));
  }
  return steps;
}

/** Does one step: what it throws becomes a failed step. Only an abort rejects. */
export async function tryStep(
  step: string,
  work: StepWork,
  options: OperationOptions,
): Promise<ProbeStep> {
  try {
    const result = await work();
    return typeof result === 'string' ? { step, outcome: 'passed', detail: result } : result;
  } catch (error) {
    options.signal?.throwIfAborted();
    return failed(step, error);
  }
}

function failed(step: string, error: unknown): ProbeStep {
  const remedy = isExportError(error) ? error.remedy : undefined;
  return { step, outcome: 'failed', detail: messageOf(error), remedy };
}

/** Two saves of one revision: exactly one may succeed. */
export async function trySwap(
  store: CursorStore,
  id: string,
  options: OperationOptions,
): Promise<string> {
  const key = `probes/${id}`;
  // A test that died may have left its document behind.
  const start = (await store.load(key, options))?.revision ?? null;
  const first = await store.save(key, { step: 1 }, { ...options, ifRevision: start });
  let latest = first.revision;
  try {
    await refuses(store, { key, ifRevision: start }, options);
    latest = (await store.save(key, { step: 2 }, { ...options, ifRevision: latest })).revision;
    await refuses(store, { key, ifRevision: first.revision }, options);
    const loaded = await store.load(key, options);
    if (JSON.stringify(loaded?.document) !== '{"step":2}')
      throw new Error('A saved document does not read back.');
  } catch (error) {
    // The first error tells more. What stays is begun with next time.
    await store.delete(key, { ...options, ifRevision: latest }).catch(() => undefined);
    throw error;
  }
  await store.delete(key, { ...options, ifRevision: latest });
  return `The cursor store ${store.name} refuses stale revisions.`;
}

async function refuses(
  store: CursorStore,
  save: { readonly key: string; readonly ifRevision: string | null },
  options: OperationOptions,
): Promise<void> {
  try {
    await store.save(save.key, { step: 'stale' }, { ...options, ifRevision: save.ifRevision });
  } catch (error) {
    if (isExportError(error, 'CHECKPOINT_CONFLICT')) return;
    throw error;
  }
  throw new Error(
    'The cursor store accepted a save of a stale revision: two workers could both commit.',
  );
}
