/**
 * A process that runs one export of a table and reports every effect to its parent, which may kill it at any of them.
 * Arguments: place as JSON, stage of the table, minutes by which the clock is ahead.
 */
import { isExportError } from '../../src/errors/index.js';
import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import type { CursorStore, Sink } from '../../src/interfaces/index.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { listenToEffects } from './effect-listener.js';
import type { ChildMessage, ExportPlace } from './export-process.js';
import { shiftedRuntime } from './shifted-runtime.js';
import { stagedTable } from './staged-table.js';
import { tableExporter } from './table-export.js';

const [place = '', stage = '0', minutesAhead = '0'] = process.argv.slice(2);

const runtime = shiftedRuntime(Number(minutesAhead));

function tell(message: ChildMessage): void {
  process.send?.(message);
}

const listening = listenToEffects((effect) => tell({ effect }));

async function openParts(
  to: ExportPlace,
): Promise<{ readonly sink: Sink; readonly cursorStore: CursorStore }> {
  if ('bucket' in to) {
    // Loaded only here: the SDK takes longer to load than an export to files.
    const { openProcess } = await import('./bucket-export.js');
    return openProcess(to, { runtime }).parts;
  }
  return {
    sink: fileSink({ root: `${to.folder}/data` }),
    cursorStore: fileCursorStore({ root: `${to.folder}/cursors` }),
  };
}

const { sink, cursorStore } = await openParts(JSON.parse(place) as ExportPlace);
const exporter = tableExporter(
  {
    source: faulty(stagedTable(Number(stage)).source(), listening),
    sink: faulty(sink, listening),
    cursorStore: faulty(cursorStore, listening),
  },
  { runtime },
);
try {
  const { stopReason } = await exporter.run();
  tell({ stopReason });
} catch (error) {
  if (!isExportError(error)) throw error;
  tell({ code: error.code });
}
process.disconnect?.();
