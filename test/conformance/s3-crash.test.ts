import { describe, expect, inject, it, onTestFinished } from 'vitest';

import { isExportError } from '../../src/errors/index.js';
import type { Runtime } from '../../src/interfaces/index.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { assertBucketExactlyOnce, freshPlace, openProcess } from '../support/bucket-export.js';
import type { S3ExportPlace } from '../support/bucket-export.js';
import { listenToEffects } from '../support/effect-listener.js';
import { killAnywhere, overtakeStopped, runInPairs, seenTable } from '../support/export-process.js';
import { type Gateway, startGateway } from '../support/s3-servers/gateway.js';
import { shiftedRuntime } from '../support/shifted-runtime.js';
import { assertDuckDbSeesTheSource } from '../support/spans-in-duckdb.js';
import { tableExporter } from '../support/table-export.js';
import type { Table } from '../support/table-source.js';
import { clockAt } from '../support/table-world.js';

/** With the lease goes what it had staged: either can be what it misses first. */
const FAILED = {
  stopReason: null,
  code: expect.stringMatching(/^(?:LEASE_LOST|SINK_\w+)$/) as string,
};
const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
/** Each process takes a second or more to start. */
const TIMEOUT_MS = 300_000;
const STAGES = 3;
const GATEWAY_KILLS = 3;
/** Effects of a run that is left alone. */
const EFFECTS_PER_RUN = 80;

describe(`processes that export to radosgw (EXPORT_SEED=${SEED})`, { timeout: TIMEOUT_MS }, () => {
  it('lose and double nothing when they are killed at any point', async () => {
    const place = await freshPlace(inject('radosgw'));
    const check = (table: Table): Promise<unknown> => assertBucketExactlyOnce(place, table);
    const options = { stages: STAGES, killsPerStage: 4, seed: SEED, check };
    expect(await killAnywhere(place, options)).toBeGreaterThan(STAGES);
  });

  it('change nothing when they wake after another one overtook them', async () => {
    const place = await freshPlace(inject('radosgw'));
    const outcome = await overtakeStopped(place, (table) => assertBucketExactlyOnce(place, table));
    expect(outcome).toMatchObject(FAILED);
  });

  it('lose and double nothing two at a time, their clocks ten minutes apart', async () => {
    const place = await freshPlace(inject('radosgw'));
    const check = (table: Table): Promise<unknown> => assertBucketExactlyOnce(place, table);
    for (const { stopReason, code } of await runInPairs(place, { stages: STAGES, check }))
      expect(['caught-up', 'locked', 'LEASE_LOST']).toContain(stopReason ?? code);
  });
});

/** A run that tells of its effects. Gives its stop reason, or the code of its error. */
async function run(
  place: S3ExportPlace,
  table: Table,
  options: { readonly runtime: Runtime; readonly onEffect?: (effect: number) => void },
): Promise<string> {
  const { runtime, onEffect } = options;
  const { parts, close } = openProcess(place, { runtime });
  const plan = listenToEffects(onEffect ?? (() => undefined));
  const sink = faulty(parts.sink, plan);
  const cursorStore = faulty(parts.cursorStore, plan);
  const exporter = tableExporter({ source: table.source(), sink, cursorStore }, { runtime });
  try {
    return (await exporter.run()).stopReason;
  } catch (error) {
    if (!isExportError(error)) throw error;
    return error.code;
  } finally {
    close();
  }
}

async function ownGateway(): Promise<{ gateway: Gateway; place: S3ExportPlace }> {
  const { configuration, region, credentials } = inject('radosgw');
  const gateway = await startGateway(configuration);
  onTestFinished(() => gateway.kill());
  return { gateway, place: await freshPlace({ endpoint: gateway.endpoint, region, credentials }) };
}

describe(
  `a gateway killed at any point of a run (EXPORT_SEED=${SEED})`,
  { timeout: TIMEOUT_MS },
  () => {
    it('loses and doubles nothing: a run that gave up is followed by one that carries on', async () => {
      const { gateway, place } = await ownGateway();
      const random = seededRandom(SEED);
      let failures = 0;
      for (let round = 0; round < GATEWAY_KILLS; round += 1) {
        const table = seenTable(round);
        const killAt = 1 + Math.floor(random() * EFFECTS_PER_RUN);
        let killed: Promise<void> | undefined;
        // A clock that does not wait: the run tries again and again, and gives up before the gateway is back.
        const end = await run(place, table, {
          runtime: clockAt(round * 60, 1 + 2 * round),
          onEffect: (effect) => {
            if (effect === killAt) killed = gateway.kill();
          },
        });
        if (end !== 'caught-up') failures += 1;
        await killed;
        await gateway.restart();
        const next = clockAt(round * 60 + 30, 2 + 2 * round);
        expect(await run(place, table, { runtime: next })).toBe('caught-up');
        await assertBucketExactlyOnce(place, table);
      }
      expect(failures).toBeGreaterThan(0);
    });

    it('is waited for by a run that finds it back in time', async () => {
      const { gateway, place } = await ownGateway();
      const table = seenTable(0);
      let restarted: Promise<void> | undefined;
      const end = await run(place, table, {
        runtime: shiftedRuntime(0),
        onEffect: (effect) => {
          if (effect === Math.floor(EFFECTS_PER_RUN / 2)) restarted = gateway.restart();
        },
      });
      await restarted;
      expect(end).toBe('caught-up');
      await assertBucketExactlyOnce(place, table);
    });
  },
);

describe('DuckDB', { timeout: TIMEOUT_MS }, () => {
  it('sees in the bucket what the source shows, each version once', async () => {
    await expect(assertDuckDbSeesTheSource(inject('radosgw'))).resolves.toBeUndefined();
  });
});
