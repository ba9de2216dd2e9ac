import type { ExportEvent, Observer } from '../interfaces/index.js';

/** Hands an event to the observer; what the observer throws is dropped, as `Observer` promises. */
export function emit(observer: Observer | undefined, event: ExportEvent): void {
  if (observer === undefined) return;
  try {
    observer(event);
  } catch {
    // An observer is a guest: its failure must not touch a run.
  }
}
