/**
 * A process that runs one export or one policy of a story once, and reports every effect to its parent, which may kill
 * it at any of them. Argument: a `ChildTask` as JSON.
 */
import { once } from 'node:events';

import { braintrustClient } from '../../src/braintrust/client/client.js';
import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { isExportError } from '../../src/errors/index.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import type { FaultPlan } from '../../src/testing/adapters/fault-plan.js';
import { listenToEffects } from './effect-listener.js';
import { fetchUnder } from './fetch-under-plan.js';
import type { ChildTask, TaskMessage } from './retention-process.js';
import { fileRuntime } from './file-runtime.js';
import { storyExporter, storyPolicy } from './story-parts.js';

const task = JSON.parse(process.argv[2] ?? '{}') as ChildTask;
const runtime = fileRuntime(task.clockFile);

function tell(message: TaskMessage): void {
  process.send?.(message);
}

/** Waits for the parent when the chosen effect has happened. */
function holding(plan: FaultPlan): FaultPlan {
  return {
    ...plan,
    run: async (effect) => {
      const result = await plan.run(effect);
      if (plan.count !== task.holdAfter) return result;
      tell({ holds: true });
      await once(process, 'message');
      return result;
    },
  };
}

const listening = listenToEffects((effect) => tell({ effect }));
const plan = task.holdAfter === null ? listening : holding(listening);
const parts = {
  client: braintrustClient({
    apiUrl: task.apiUrl,
    apiKey: task.apiKey,
    requestsPerMinute: Infinity,
    runtime,
    fetch: fetchUnder(plan, () => Promise.resolve()),
  }),
  projectId: task.projectId,
  sink: faulty(fileSink({ root: `${task.folder}/data` }), plan),
  cursorStore: faulty(fileCursorStore({ root: `${task.folder}/cursors` }), plan),
  runtime,
  heldIds: () => task.heldIds,
};
try {
  const ended = await (task.run === 'export' ? storyExporter(parts) : storyPolicy(parts)).run();
  tell({ end: ended.stopReason });
} catch (error) {
  if (!isExportError(error)) throw error;
  tell({ end: error.code });
}
process.disconnect?.();
