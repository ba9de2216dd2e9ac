import type { CursorStore } from '../interfaces/index.js';
import { PauseMark } from '../util/pause-mark.js';

/** The mark of `pause()` and `resume()`. A running run sees it after its next commit. */
export function exportPause(store: CursorStore, exportId: string): PauseMark {
  return new PauseMark(store, `pauses/${exportId}`);
}
