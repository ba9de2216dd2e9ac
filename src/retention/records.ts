import { PauseMark } from '../util/pause-mark.js';
import { RunHistory } from '../util/run-history.js';
import type { RetentionRecord } from './results.js';
import type { PolicySettings } from './settings.js';

/** The mark that keeps runs of a policy from working, in any process. */
export function pauseOf({ store, policyId }: PolicySettings): PauseMark {
  return new PauseMark(store, `retention-pauses/${policyId}`);
}

/** The recent runs of a policy. */
export function historyOf({ store, policyId }: PolicySettings): RunHistory<RetentionRecord> {
  return new RunHistory(store, `retention-runs/${policyId}`);
}
