import { fileCursorStore } from '../../src/entries/fs.js';
import { isExportError } from '../../src/errors/index.js';

/**
 * A process that increments the counter in a file cursor store so many times, one line for each:
 * `node --import tsx increment-counter.ts ROOT TIMES`.
 */
const [root = '', times = '0'] = process.argv.slice(2);
const store = fileCursorStore({ root });

for (let done = 0; done < Number(times);) {
  const current = await store.load('counter');
  const next = Number(current?.document ?? 0) + 1;
  try {
    const { revision } = await store.save('counter', next, {
      ifRevision: current?.revision ?? null,
    });
    process.stdout.write(`${next} ${revision}\n`);
    done += 1;
  } catch (error) {
    if (!isExportError(error, 'CHECKPOINT_CONFLICT')) throw error;
  }
}
