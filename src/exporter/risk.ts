import type { RunRecord } from './results.js';

/** What the judgement rests on. */
export interface RiskInput {
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  readonly watermark: Date;
  readonly now: Date;
  readonly retentionMs: number;
}

/**
 * Pure: true when unread rows will expire at the source before they are reached. The rate is how much source
 * time the watermark gained in how much real time, over the recent runs. The rows written now are `lag` away
 * and are reached after `lag / rate`; they expire after `retentionMs`.
 */
export function isAtRisk(input: RiskInput): boolean {
  const { runs, watermark, now, retentionMs } = input;
  const lagMs = now.getTime() - watermark.getTime();
  if (lagMs >= retentionMs) return true;
  const dated = runs.filter((run) => run.watermark !== null);
  const newest = dated[0];
  const oldest = dated.at(-1);
  if (newest === undefined || oldest === undefined || newest === oldest) return false;
  if (runs[0]?.reason === 'caught-up') return false;
  const gained = Date.parse(newest.watermark ?? '') - Date.parse(oldest.watermark ?? '');
  const took = Date.parse(newest.endedAt) - Date.parse(oldest.endedAt);
  if (took <= 0) return false;
  return gained <= 0 || lagMs / (gained / took) > retentionMs;
}
