import { type DataPlane, generateSpans } from 'tracehaul/testing';

const ROWS = 4_000;
const ROWS_PER_INSERT = 250;
const DAY_MS = 86_400_000;
const LATE_ROWS = 7;
const UPDATED_ROWS = 300;

/** Three days of generated traces, written in many transactions at their own times. */
export function addHistory(plane: DataPlane, projectId: string): number {
  const to = new Date(Date.now() - DAY_MS);
  const from = new Date(to.getTime() - 3 * DAY_MS);
  const rows = [...generateSpans({ rows: ROWS, from, to })];
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    const share = at / rows.length;
    const written = new Date(from.getTime() + share * (to.getTime() - from.getTime()));
    plane.insert('project_logs', projectId, rows.slice(at, at + ROWS_PER_INSERT), { at: written });
  }
  return ROWS;
}

/** Merges a score into some rows, as online scoring does minutes after the trace. */
export function updateRows(plane: DataPlane, projectId: string): number {
  const rows = plane.liveRows('project_logs', projectId).slice(0, UPDATED_ROWS);
  const merges = rows.map((row) => ({ id: row['id'], _is_merge: true, scores: { accuracy: 0.5 } }));
  plane.insert('project_logs', projectId, merges);
  return merges.length;
}

/** A transaction that has its id now and shows its rows only later, as a slow writer's would. */
export function writeLate(plane: DataPlane, projectId: string): string {
  const rows = [...generateSpans({ rows: LATE_ROWS, from: new Date(), seed: 99 })];
  return plane.insert('project_logs', projectId, rows, { held: true }).xactId;
}

export function surfaceLate(plane: DataPlane, xactId: string): number {
  plane.control.surface(xactId);
  return LATE_ROWS;
}
