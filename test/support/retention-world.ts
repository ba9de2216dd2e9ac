import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import type {
  DeletionBatch,
  ProbeStep,
  RetentionScope,
  SendWindow,
  TargetReader,
  TargetUnit,
  UnitPage,
} from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import type { ManualClock } from '../../src/testing/adapters/manual-clock.js';
import { startDataPlane } from '../../src/testing/plane/data-plane.js';
import type { DataPlane, DataPlaneOptions } from '../../src/testing/plane/data-plane.js';
import { quickClient } from './braintrust.js';

const START = new Date('2026-03-01T12:00:00.500Z');
const DAY_MS = 86_400_000;

/** A plane and a client that share one clock, which moves by itself when something waits. */
export interface RetentionWorld {
  readonly plane: DataPlane;
  readonly clock: ManualClock;
  readonly client: BraintrustClient;
  readonly projectId: string;
  passDays(days: number): Promise<void>;
}

export async function startRetentionWorld(
  options: Partial<DataPlaneOptions> = {},
): Promise<RetentionWorld> {
  const clock = manualClock({ autoAdvance: true, now: START });
  const plane = await startDataPlane({ clock, ...options });
  const client = quickClient(plane.url, { apiKey: plane.apiKey, runtime: clock });
  const projectId = plane.createProject('shop').id;
  return {
    plane,
    clock,
    client,
    projectId,
    passDays: (days) => clock.advance(days * DAY_MS),
  };
}

/** A scope that is marked now: what was created up to now, and is not written from now on. */
export function scopeNow(
  { clock }: Pick<RetentionWorld, 'clock'>,
  scope: Partial<RetentionScope> & Pick<RetentionScope, 'unit'>,
): RetentionScope {
  const second = new Date(Math.floor(clock.now().getTime() / 1_000) * 1_000);
  return { cutoff: second, before: second, holds: [], ...scope };
}

/** Ten seconds from now. */
export function windowNow({ clock }: Pick<RetentionWorld, 'clock'>): SendWindow {
  const now = clock.now();
  return { notBefore: now, notAfter: new Date(now.getTime() + 10_000) };
}

export async function pagesOf(
  reader: TargetReader,
  cursor: string | null = null,
  signal?: AbortSignal,
): Promise<UnitPage[]> {
  const pages: UnitPage[] = [];
  for await (const page of reader.units(cursor, { signal })) pages.push(page);
  return pages;
}

export async function unitsOf(
  reader: TargetReader,
  cursor: string | null = null,
): Promise<TargetUnit[]> {
  return (await pagesOf(reader, cursor)).flatMap(({ units }) => units);
}

export function wholeUnits(...units: readonly TargetUnit[]): DeletionBatch {
  return { units, isPart: false };
}

export async function stepsOf(probe: AsyncIterable<ProbeStep>): Promise<ProbeStep[]> {
  const steps: ProbeStep[] = [];
  for await (const step of probe) steps.push(step);
  return steps;
}
