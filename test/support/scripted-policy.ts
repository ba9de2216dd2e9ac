import {
  createRetentionPolicy,
  type RetentionPolicyOptions,
} from '../../src/create-retention-policy.js';
import type {
  CursorStore,
  ExportEvent,
  RetentionUnit,
  TargetRow,
  TargetUnit,
} from '../../src/interfaces/index.js';
import { DAY_MS } from '../../src/retention/decide/cutoff.js';
import type { PolicyDocument } from '../../src/retention/policy-document.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { type DeletionReceipt, readReceipts } from '../../src/retention/receipts/receipt-store.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import { ScriptedTarget } from './scripted-target.js';
import { targetRow, targetUnit } from './target-units.js';

/** A target in memory and policies on it, all on one clock that a sleep moves on. */
export class ScriptedPolicy {
  readonly clock: ManualClock = manualClock({
    autoAdvance: true,
    now: new Date('2026-03-01T12:00:00Z'),
  });
  readonly target: ScriptedTarget;
  readonly sink: MemorySink = memorySink();
  readonly store: CursorStore = memoryCursorStore();
  readonly events: ExportEvent[] = [];

  constructor(units?: readonly RetentionUnit[]) {
    this.target = new ScriptedTarget(this.clock, units);
  }

  policy(options: Partial<RetentionPolicyOptions> = {}): RetentionPolicy {
    return createRetentionPolicy({
      id: 'logs',
      target: this.target,
      keepDays: 30,
      requireExported: false,
      receipts: this.sink,
      cursorStore: this.store,
      brakes: { maxFraction: 1 },
      runtime: this.clock,
      observer: (event) => this.events.push(event),
      ...options,
    });
  }

  /** A unit of rows that were created, and written, so many days ago. The first is the root. */
  unit(id: string, rows: number, ageDays = 40): TargetUnit {
    const created = new Date(this.clock.now().getTime() - ageDays * DAY_MS);
    const change: Partial<TargetRow> = {
      created: created.toISOString(),
      version: this.target.versionAt(created),
    };
    return targetUnit(
      id,
      Array.from({ length: rows }, (_, place) =>
        targetRow(`${id}-${place}`, { ...change, isRoot: place === 0 }),
      ),
    );
  }

  /** Marks with one policy and lets its grace pass. */
  async mark(options: Partial<RetentionPolicyOptions> = {}): Promise<RetentionPolicy> {
    const policy = this.policy(options);
    const { stopReason } = await policy.run();
    if (stopReason !== 'marked') throw new Error(`No mark was made: ${stopReason}.`);
    await this.clock.advance(DAY_MS);
    return policy;
  }

  /** The document as it is stored. */
  async document(): Promise<PolicyDocument> {
    const stored = await this.store.load('retention/logs', {});
    if (stored === null) throw new Error('There is no document.');
    return stored.document as unknown as PolicyDocument;
  }

  async receipts(): Promise<readonly DeletionReceipt[]> {
    const found: DeletionReceipt[] = [];
    for await (const receipt of readReceipts(this.sink, { policyId: 'logs' })) found.push(receipt);
    return found;
  }

  /** Calls of the target that begin with one of these words. */
  calls(...words: readonly string[]): string[] {
    return this.target.calls.filter((call) => words.some((word) => call.startsWith(word)));
  }

  eventsOf<T extends ExportEvent['type']>(type: T): Extract<ExportEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<
      ExportEvent,
      { type: T }
    >[];
  }
}

/** A world of whole units, so many rows each, all of them old. */
export function worldOfUnits(...sizes: readonly number[]): ScriptedPolicy {
  const world = new ScriptedPolicy();
  world.target.content = sizes.map((size, place) =>
    world.unit(`u${String(place).padStart(2, '0')}`, size),
  );
  return world;
}
