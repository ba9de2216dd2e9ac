import { describe, expect, it } from 'vitest';

import { readReceipts } from '../../src/index.js';
import { HOUR_MS, PolicyWorld } from '../support/policy-world.js';

describe('a retention policy on project logs', () => {
  it('marks, waits for the grace, then deletes old traces and nothing else, with receipts', async () => {
    const world = await PolicyWorld.start();
    world.writeTraces(5, 40);
    world.writeTraces(5, 10);
    await world.exporter().run();
    const policy = world.policy();
    const plan = await policy.plan();
    expect(plan).toMatchObject({ go: { units: 5, rows: 15 }, willRun: true, kept: {} });
    const marked = await policy.run();
    expect(marked).toMatchObject({ stopReason: 'marked', deleted: { rows: 0 } });
    expect(world.liveIds()).toHaveLength(30);
    expect(await policy.run()).toMatchObject({ stopReason: 'grace', markId: marked.markId });
    await world.pass(24 * HOUR_MS);
    const swept = await policy.run();
    expect(swept).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 5, rows: 15 },
      kept: {},
      remainedRows: 0,
    });
    expect(world.liveIds().every((id) => id.startsWith('d10-'))).toBe(true);
    expect(world.liveIds()).toHaveLength(15);
    const gone: string[] = [];
    for await (const { intent, outcome } of readReceipts(world.sink, { policyId: 'logs' })) {
      expect(outcome).toMatchObject({ gone: intent.rows.length, remained: [], changed: [] });
      gone.push(...intent.rows.map(({ id }) => id));
    }
    expect(gone.filter((id) => id.startsWith('d40-'))).toHaveLength(15);
    expect(await policy.run()).toMatchObject({ stopReason: 'nothing-due' });
  });
});
