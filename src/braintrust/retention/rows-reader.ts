import type {
  DeletionBatch,
  OperationOptions,
  Reread,
  SendWindow,
  Survey,
  TargetReader,
  TargetRow,
  UnitPage,
} from '../../interfaces/index.js';
import { remainingRows } from './remaining-rows.js';
import { removeRows } from './remove-rows.js';
import { rereadBatch } from './reread-rows.js';
import { rowUnits } from './row-units.js';
import { surveyRows } from './survey-rows.js';
import { readContext } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';
import { traceUnits } from './trace-units.js';

/** Reads and deletes the rows of objects, one by one or by traces. */
export function rowsReader(settings: ReaderSettings): TargetReader {
  return Object.freeze<TargetReader>({
    survey: (options): Promise<Survey> => surveyRows(settings, options),
    units: (cursor, options): AsyncIterable<UnitPage> =>
      settings.scope.unit === 'trace'
        ? traceUnits(settings, cursor, options)
        : rowUnits(settings, cursor, options),
    reread: (batch: DeletionBatch, options: OperationOptions): Promise<Reread> =>
      rereadBatch(settings, batch, options),
    remove: (rows: readonly TargetRow[], options: OperationOptions & SendWindow): Promise<void> =>
      removeRows(settings, rows, options),
    remaining: async (rows, options) => {
      const found = await remainingRows(readContext(settings, options), rows);
      return found.map(({ objectId, id, version }) => ({ objectId, id, version }));
    },
  });
}
