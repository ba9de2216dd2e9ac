import type { CursorStore } from '../interfaces/index.js';
import { RunHistory } from '../util/run-history.js';
import type { RunRecord } from './results.js';

/** The recent runs of an export. */
export function exportHistory(store: CursorStore, exportId: string): RunHistory<RunRecord> {
  return new RunHistory(store, `runs/${exportId}`);
}
