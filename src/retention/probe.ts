import type { TestResult } from '../exporter/results.js';
import type { OperationOptions, ProbeStep } from '../interfaces/index.js';
import { loadLeased } from '../leases/leased-document.js';
import { ownSteps, tryStep, trySwap } from '../util/probe-steps.js';
import { leaseSettings } from './lease-settings.js';
import { presentHolds } from './holds.js';
import { checkPolicy } from './policy-document.js';
import { receiptPrefix } from './receipts/receipt.js';
import type { PolicySettings } from './settings.js';
import { openPolicyProof } from './sweep/scan.js';

const PROBE_TEXT = 'This object was written by a test and may be removed.\n';

/** Tries everything that a policy needs, step by step, and deletes nothing. Never rejects but by abort. */
export async function testPolicy(
  settings: PolicySettings,
  options: OperationOptions,
): Promise<TestResult> {
  const { target, store, policyId } = settings;
  const steps: ProbeStep[] = [];
  const holds = await tryHolds(settings, steps, options);
  steps.push(...(await ownSteps('target', target.probe(holds, options), options)));
  if (settings.proof !== null)
    steps.push(await tryStep('proof', () => tryProof(settings, options), options));
  steps.push(await tryStep('receipt-put', () => tryReceipt(settings, options), options));
  steps.push(...(await ownSteps('cursor-store', store.probe?.(options), options)));
  steps.push(await tryStep('compare-and-swap', () => trySwap(store, policyId, options), options));
  steps.push(await tryStep('policy', () => tryDocument(settings, options), options));
  return { ok: steps.every((step) => step.outcome !== 'failed'), steps };
}

async function tryHolds(
  settings: PolicySettings,
  steps: ProbeStep[],
  options: OperationOptions,
): ReturnType<typeof presentHolds> {
  let holds: Awaited<ReturnType<typeof presentHolds>> = [];
  const work = async (): Promise<string> => {
    holds = await presentHolds(settings.holds, options);
    return `There are ${holds.length} holds.`;
  };
  steps.push(await tryStep('holds', work, options));
  return holds;
}

async function tryProof(settings: PolicySettings, options: OperationOptions): Promise<string> {
  await openPolicyProof(settings, null, options);
  return `The export "${settings.proof?.exportId ?? ''}" can prove rows of this target.`;
}

async function tryReceipt(settings: PolicySettings, options: OperationOptions): Promise<string> {
  const { receipts, policyId, runtime } = settings;
  const key = `${receiptPrefix(policyId)}probe.${runtime.id().slice(0, 16)}.txt`;
  await receipts.put(key, Buffer.from(PROBE_TEXT), { ...options, contentType: 'text/plain' });
  try {
    await receipts.remove(key, options);
  } catch {
    options.signal?.throwIfAborted();
    // Runs remove nothing: what a sink may not remove stays, and is no receipt.
    return `A small object was put into ${receipts.location}; it may not be removed, and stays: ${key}.`;
  }
  return `A small object was put into ${receipts.location} and removed again.`;
}

async function tryDocument(settings: PolicySettings, options: OperationOptions): Promise<string> {
  const { policyId, fingerprint } = settings;
  const loaded = await loadLeased(leaseSettings(settings), options);
  if (loaded === null) return `Retention policy "${policyId}" has not run yet.`;
  checkPolicy(loaded.document.fingerprint, fingerprint, policyId);
  return `Retention policy "${policyId}" can go on.`;
}
