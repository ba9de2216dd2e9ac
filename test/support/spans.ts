import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import type { SpansSourceOptions } from '../../src/braintrust/spans/spans-options.js';
import type { Cursor, Page, Row, Source } from '../../src/interfaces/index.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import { startDataPlane } from '../../src/testing/plane/data-plane.js';
import type { DataPlaneOptions } from '../../src/testing/plane/data-plane.js';
import { quickClient } from './braintrust.js';

/** A clock that tests set by hand. */
export interface HandClock {
  nowMs: number;
  now(): Date;
}

export const START: number = Date.parse('2026-03-01T12:00:00.500Z');

/** A plane, its clock, and a client that waits for nothing. */
export interface SpansWorld {
  readonly plane: DataPlane;
  readonly clock: HandClock;
  readonly client: BraintrustClient;
  source(options?: Partial<SpansSourceOptions>): Source;
  /** Moves the plane's clock, in seconds. */
  pass(seconds: number): void;
}

export async function startWorld(options: Partial<DataPlaneOptions> = {}): Promise<SpansWorld> {
  const clock: HandClock = { nowMs: START, now: () => new Date(clock.nowMs) };
  const plane = await startDataPlane({ clock, ...options });
  const client = quickClient(plane.url, { apiKey: plane.apiKey });
  return {
    plane,
    clock,
    client,
    source: (more = {}) => spansSource({ client, ...more }),
    pass: (seconds) => {
      clock.nowMs += seconds * 1000;
    },
  };
}

/** All pages of one read. */
export async function readPages(
  source: Source,
  cursor: Cursor | null = null,
  pageSize = 1000,
): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of source.read({ cursor, pageSize })) pages.push(page);
  return pages;
}

export function rowsOf(page: Page): readonly Row[] {
  return 'byteLength' in page.rows ? page.rows.objects() : page.rows;
}

/** `id@_xact_id` of every row. */
export function versionsOf(pages: readonly Page[]): string[] {
  return pages.flatMap(rowsOf).map((row) => `${String(row['id'])}@${String(row['_xact_id'])}`);
}

export function idsOf(pages: readonly Page[]): unknown[] {
  return pages.flatMap(rowsOf).map((row) => row['id']);
}

/** `id@_xact_id` of every row that a query of the project would show. */
export function liveVersionsOf(plane: DataPlane, projectId: string): string[] {
  return plane
    .liveRows('project_logs', projectId)
    .map((row) => `${String(row['id'])}@${String(row['_xact_id'])}`);
}

/** Rows that are not announced as repeats. */
export function newVersionsOf(pages: readonly Page[]): string[] {
  return pages.flatMap((page) => versionsOf([page]).slice(page.repeats ?? 0));
}

export function lastCursor(pages: readonly Page[], before: Cursor | null = null): Cursor | null {
  return pages.at(-1)?.cursor ?? before;
}

export function spanEvents(count: number, prefix = 'row'): { id: string; input: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${String(index).padStart(6, '0')}`,
    input: 'x',
  }));
}
