import { isExportError } from '../errors/index.js';
import type { OperationOptions, ProbeStep, Sink } from '../interfaces/index.js';
import { type StepWork, ownSteps, tryStep, trySwap } from '../util/probe-steps.js';
import { checkFingerprint } from './checkpoint.js';
import { loadCheckpoint } from './checkpoint-session.js';
import type { TestResult } from './results.js';
import type { ExporterSettings } from './settings.js';

const PROBE_TEXT = 'This object was written by a test and may be removed.\n';

type AddStep = (name: string, work: StepWork) => Promise<void>;

/** Tries everything that a run needs, step by step, and leaves nothing behind. Never rejects but by abort. */
export async function testExport(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<TestResult> {
  const steps: ProbeStep[] = [];
  const add: AddStep = async (name, work) => {
    steps.push(await tryStep(name, work, options));
  };
  steps.push(...(await ownSteps('source', settings.source.probe?.(options), options)));
  steps.push(...(await ownSteps('sink', settings.sink.probe?.(options), options)));
  await testObject(settings, add, options);
  steps.push(...(await ownSteps('cursor-store', settings.store.probe?.(options), options)));
  await add('compare-and-swap', () => trySwap(settings.store, settings.exportId, options));
  await add('checkpoint', () => testCheckpoint(settings, options));
  return { ok: steps.every((step) => step.outcome !== 'failed'), steps };
}

/** A small object through both phases: invisible, then whole, then gone. */
async function testObject(
  settings: ExporterSettings,
  add: AddStep,
  options: OperationOptions,
): Promise<void> {
  const { sink, exportId, runtime } = settings;
  const nonce = runtime.id().slice(0, 16);
  // Not the export's own id: a run beside the test would take the object for a stray.
  const probeId = `${exportId}-probe`;
  const key = `_probe/${probeId}/${nonce}.txt`;
  const head = {
    key,
    contentType: 'text/plain',
    exportId: probeId,
    generation: 0,
    nonce,
  };
  let written = false;
  await add('object-write', async () => {
    const writer = await sink.open({ ...head, maxBytes: PROBE_TEXT.length }, options);
    try {
      await writer.write(Buffer.from(PROBE_TEXT), options);
      const object = await writer.prepare(options);
      if ((await sink.head(key, options)) !== null)
        throw new Error('The object is visible before its commit.');
      const outcome = await sink.commit(object, options);
      if (outcome !== 'committed') throw new Error(`The commit answered "${outcome}".`);
      written = true;
    } catch (error) {
      await writer.abort().catch(() => undefined); // the first error tells more
      throw error;
    }
    return `A small object was written to ${sink.location} in two phases.`;
  });
  if (!written) return;
  await add('object-read', () => readBack(sink, key, options));
  await add('object-remove', () => removeProbe(sink, key, options));
}

/** Runs remove nothing: a sink that may not is told of, and no failure. */
async function removeProbe(
  sink: Sink,
  key: string,
  options: OperationOptions,
): Promise<string | ProbeStep> {
  try {
    await sink.remove(key, options);
    return 'The small object was removed.';
  } catch (error) {
    if (!isExportError(error, 'SINK_UNAUTHORIZED')) throw error;
    const detail = `The sink may not remove objects, which runs do not need; ${key} stays.`;
    return { step: 'object-remove', outcome: 'skipped', detail };
  }
}

async function readBack(sink: Sink, key: string, options: OperationOptions): Promise<string> {
  const stream = await sink.get(key, options);
  if (stream === null) throw new Error('The object is not there after its commit.');
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString('latin1').slice(0, 1_000);
  if (text !== PROBE_TEXT) throw new Error('The object holds other bytes than were written.');
  return 'The small object reads back as written.';
}

async function testCheckpoint(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<string> {
  const { store, exportId, fingerprint } = settings;
  const loaded = await loadCheckpoint(store, exportId, options);
  if (loaded === null) return `Export "${exportId}" has not run yet.`;
  checkFingerprint(loaded.document.fingerprint, fingerprint, exportId);
  return `Export "${exportId}" stands at commit ${loaded.document.sequence - 1}.`;
}
