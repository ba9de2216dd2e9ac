import type { OperationOptions, UnitPage } from '../../interfaces/index.js';
import { cursorAfter, scanCandidates } from './scan-candidates.js';
import type { ReaderSettings } from './target-settings.js';
import { unitsOfRows } from './units-of-rows.js';

/** Gives each row in the scope as a unit of its own, in their order. */
export async function* rowUnits(
  settings: ReaderSettings,
  cursor: string | null,
  operation: OperationOptions,
): AsyncGenerator<UnitPage> {
  for await (const page of scanCandidates(settings, cursor, operation)) {
    const last = page.at(-1);
    if (last === undefined) continue;
    yield {
      units: unitsOfRows(page, { unitIdOf: settings.rowUnitId }),
      cursor: cursorAfter(last),
      rowsRead: page.length,
    };
  }
}
