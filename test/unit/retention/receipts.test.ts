import { describe, expect, it } from 'vitest';

import type { Sink } from '../../../src/interfaces/index.js';
import { BatchQueue } from '../../../src/retention/decide/batches.js';
import type { ArchivedIn } from '../../../src/retention/proof/proof.js';
import { batchOf, intentOf } from '../../../src/retention/receipts/intent-of.js';
import {
  type DeletionIntent,
  type DeletionOutcome,
  intentKey,
  markReceiptKey,
  outcomeKey,
  receiptPrefix,
} from '../../../src/retention/receipts/receipt.js';
import {
  putReceipt,
  readIntent,
  readMarkReceipt,
  readOutcome,
  readReceipts,
} from '../../../src/retention/receipts/receipt-store.js';
import type { PolicySettings } from '../../../src/retention/settings.js';
import { memorySink, type MemorySink } from '../../../src/testing/adapters/memory-sink.js';
import { override } from '../../support/override.js';
import { policyDocument } from '../../support/policy-documents.js';
import { targetObject, targetUnit, unitOf } from '../../support/target-units.js';

const DECIDED_AT = new Date('2026-03-02T00:00:00Z');
const UNDER = {
  markId: '000001-abcdefgh',
  scope: {
    unit: 'trace',
    cutoff: new Date('2026-01-30T00:00:00Z'),
    before: new Date('2026-03-01T00:00:00Z'),
    holds: [],
  },
} as const;
const WITHOUT_PROOF = {
  policyId: 'logs',
  unit: 'trace',
  proof: null,
  fingerprint: policyDocument().fingerprint,
} as unknown as PolicySettings;

function archive(objectKey: string): ArchivedIn {
  const manifestKey = `m-${objectKey}`;
  return { manifestKey, objectKey, bytes: 10, rows: 2, sha256: 'aa', checkedBy: 'checksum' };
}

function decided(
  batch: Parameters<typeof intentOf>[2]['batch'],
  change: Partial<Parameters<typeof intentOf>[2]> = {},
): DeletionIntent {
  const rows = batch.units.flatMap((unit) => unit.rows);
  return intentOf(WITHOUT_PROOF, UNDER, {
    batch,
    number: 7,
    rows,
    object: null,
    decidedAt: DECIDED_AT,
    archiveOf: () => null,
    ...change,
  });
}

function wholeBatch(...units: Parameters<BatchQueue['add']>[0][]): Parameters<typeof decided>[0] {
  return { units, isPart: false, object: null, isLast: false };
}

describe('an intent', () => {
  it('names the mark, the rows in their order and their units', () => {
    const [first, second] = [unitOf('a', 2), unitOf('b', 1)];
    const rows = [second.rows[0]!, first.rows[1]!, first.rows[0]!];
    const { target, unit } = WITHOUT_PROOF.fingerprint;
    expect(decided(wholeBatch(first, second), { rows })).toEqual({
      version: 1,
      policyId: 'logs',
      markId: '000001-abcdefgh',
      batch: 7,
      target,
      unit,
      cutoff: '2026-01-30T00:00:00.000Z',
      before: '2026-03-01T00:00:00.000Z',
      proof: null,
      allowTransformed: false,
      decidedAt: '2026-03-02T00:00:00.000Z',
      archives: [],
      units: [
        { id: 'a', isWhole: true },
        { id: 'b', isWhole: true },
      ],
      rows: [
        { object: 'p-1', id: 'b-0', version: '0001', unit: 1, archive: null },
        { object: 'p-1', id: 'a-1', version: '0001', unit: 0, archive: null },
        { object: 'p-1', id: 'a-0', version: '0001', unit: 0, archive: null },
      ],
      object: null,
    });
  });

  it('names each object of the export once, and the export', () => {
    const proof = { sink: memorySink(), exportId: 'spans', verify: 'head', allowTransformed: true };
    const settings = { ...WITHOUT_PROOF, proof } as unknown as PolicySettings;
    const unit = unitOf('a', 3);
    const keys = new Map([
      ['a-0', 'k1'],
      ['a-1', 'k2'],
      ['a-2', 'k1'],
    ]);
    const intent = intentOf(settings, UNDER, {
      batch: wholeBatch(unit),
      number: 1,
      rows: unit.rows,
      object: null,
      decidedAt: DECIDED_AT,
      archiveOf: ({ id }) => archive(keys.get(id) ?? ''),
    });
    expect(intent.rows.map((row) => row.archive)).toEqual([0, 1, 0]);
    const said = { sha256: 'aa', checkedBy: 'checksum' };
    expect(intent.archives).toEqual([
      { manifestKey: 'm-k1', objectKey: 'k1', ...said },
      { manifestKey: 'm-k2', objectKey: 'k2', ...said },
    ]);
    expect(intent.proof).toEqual({ exportId: 'spans', location: proof.sink.location });
    expect(intent.allowTransformed).toBe(true);
  });

  it('says of a part that more goes with other batches', () => {
    const [part, rest] = [...new BatchQueue(2).add(unitOf('a', 3))];
    expect(decided(part!).units).toEqual([{ id: 'a', isWhole: false }]);
    expect(decided(rest!).units).toEqual([{ id: 'a', isWhole: true }]);
  });

  it('keeps what the service said of an object', () => {
    const object = targetObject('e', { members: { name: 'first' } });
    const batch = { ...wholeBatch(targetUnit('e', [], { object })), object };
    expect(decided(batch, { object }).object).toEqual({ id: 'e', members: { name: 'first' } });
  });
});

describe('the batch of an intent', () => {
  it('has the rows, units and parts that were decided', () => {
    const units = [unitOf('a', 2), unitOf('b', 1)];
    const { batch, rows } = batchOf(decided(wholeBatch(...units)));
    expect(rows.map(({ id, objectId, version }) => [objectId, id, version])).toEqual(
      ['a-0', 'a-1', 'b-0'].map((id) => ['p-1', id, '0001']),
    );
    expect(batch).toMatchObject({ isPart: false, object: null, isLast: false });
    expect(batch.units.map(({ id, rows: own }) => [id, ...own.map((row) => row.id)])).toEqual([
      ['a', 'a-0', 'a-1'],
      ['b', 'b-0'],
    ]);
    expect(batch.units.every(({ isTooLarge, object }) => !isTooLarge && object === null)).toBe(
      true,
    );
    const [part] = [...new BatchQueue(2).add(unitOf('a', 3))];
    expect(batchOf(decided(part!)).batch.isPart).toBe(true);
    const mixed = decided(wholeBatch(...units));
    const ids = mixed.units.map(({ id }, place) => ({ id, isWhole: place === 0 }));
    expect(batchOf({ ...mixed, units: ids }).batch.isPart).toBe(true);
  });

  it('has the object', () => {
    const object = targetObject('e', { members: { name: 'first' } });
    const given = { ...wholeBatch(targetUnit('e', [], { object })), object };
    const { batch, rows } = batchOf(decided(given, { object }));
    expect(rows).toEqual([]);
    expect(batch.object).toMatchObject({ id: 'e', members: { name: 'first' }, heldBy: [] });
    expect(batch.units).toEqual([{ id: 'e', rows: [], isTooLarge: false, object: batch.object }]);
  });
});

describe('keys of receipts', () => {
  it('sort by batch, the receipt of the mark behind them', () => {
    const batch = (number: number): string => intentKey('logs', 'm1', { number, nonce: 'n' });
    const keys = [
      batch(2),
      batch(10),
      batch(1_000),
      outcomeKey(batch(2)),
      markReceiptKey('logs', 'm1'),
    ];
    expect([...keys].sort()).toEqual([
      batch(2),
      outcomeKey(batch(2)),
      batch(10),
      batch(1_000),
      markReceiptKey('logs', 'm1'),
    ]);
    expect(batch(2)).toBe('_receipts/logs/m1/000000002.n.intent.json');
    expect(outcomeKey(batch(2))).toBe('_receipts/logs/m1/000000002.n.outcome.json');
  });

  it('lie in the folder of the policy, or of one mark', () => {
    expect(receiptPrefix('logs')).toBe('_receipts/logs/');
    expect(receiptPrefix('logs', 'm1')).toBe('_receipts/logs/m1/');
  });
});

describe('receipts in a sink', () => {
  const key = intentKey('logs', '000001-abcdefgh', { number: 7, nonce: 'n' });
  const outcome: DeletionOutcome = {
    version: 1,
    intentKey: key,
    batch: 7,
    confirmedAt: '2026-03-02T00:00:30.000Z',
    gone: 2,
    remained: [],
    changed: [],
    objectGone: null,
  };
  const withText = (text: string, at = key): MemorySink => {
    const sink = memorySink();
    sink.objects.set(at, Buffer.from(text));
    return sink;
  };

  it('are read as they were put, and an equal one may be put again', async () => {
    const sink = memorySink();
    const intent = decided(wholeBatch(unitOf('a', 2)));
    await putReceipt(sink, { key, value: intent }, {});
    expect(await readIntent(sink, key, {})).toEqual(intent);
    expect(await readOutcome(sink, key, {})).toBeNull();
    await putReceipt(sink, { key: outcomeKey(key), value: outcome }, {});
    await putReceipt(sink, { key: outcomeKey(key), value: outcome }, {});
    expect(await readOutcome(sink, key, {})).toEqual(outcome);
    const found = [];
    for await (const receipt of readReceipts(sink, { policyId: 'logs' })) found.push(receipt);
    expect(found).toEqual([{ intentKey: key, intent, outcome }]);
    const mark = { policyId: 'logs', markId: '000001-abcdefgh' };
    expect(await readMarkReceipt(sink, mark)).toBeNull();
  });

  it('are put as JSON, a line of text, and never over 16 MiB', async () => {
    const put: unknown[] = [];
    const sink = override<Sink>(memorySink(), {
      put: async (...[, body, options]) => {
        put.push(options?.contentType, String(body));
        return 'created';
      },
    });
    await putReceipt(sink, { key: outcomeKey(key), value: outcome }, {});
    expect(put).toEqual(['application/json', `${JSON.stringify(outcome)}\n`]);
    const value = { ...outcome, intentKey: ' '.repeat(16 * 1024 * 1024) };
    await expect(putReceipt(sink, { key, value }, {})).rejects.toThrow('small enough');
  });

  it('that cannot be read say where, why and what to do', async () => {
    const refusal = async (text: string): Promise<unknown> =>
      await readIntent(withText(text), key, {}).catch((error: unknown) => error);
    const said = { code: 'RECEIPT_CORRUPT', details: { key }, remedy: expect.stringMatching(/./) };
    expect(await refusal('{')).toMatchObject({ ...said, cause: expect.any(SyntaxError) });
    expect(await refusal('{}')).toMatchObject(said);
    expect(await refusal('{}')).not.toHaveProperty('cause');
  });

  it('never replace another one', async () => {
    const sink = memorySink();
    await putReceipt(sink, { key: outcomeKey(key), value: outcome }, {});
    const other = { key: outcomeKey(key), value: { ...outcome, gone: 1 } };
    await expect(putReceipt(sink, other, {})).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
  });

  it('of one mark are told from those of others', async () => {
    const sink = memorySink();
    const intent = decided(wholeBatch(unitOf('a', 1)));
    const other = intentKey('logs', '000002-abcdefgh', { number: 1, nonce: 'n' });
    for (const each of [key, other]) await putReceipt(sink, { key: each, value: intent }, {});
    const keys = [];
    const options = { policyId: 'logs', markId: '000002-abcdefgh' };
    for await (const { intentKey: found } of readReceipts(sink, options)) keys.push(found);
    expect(keys).toEqual([other]);
  });

  it.each([
    ['no JSON', 'x', 'is not JSON'],
    ['another form', '{"version":2}', 'is of another form'],
    ['null', 'null', 'is of another form'],
    ['no rows', '{"version":1,"units":[],"archives":[]}', 'lacks members'],
    ['no units', '{"version":1,"rows":[],"archives":[]}', 'lacks members'],
    ['no archives', '{"version":1,"rows":[],"units":[]}', 'lacks members'],
  ])('are refused as an intent: %s', async (_case, text, problem) => {
    const refused = expect(readIntent(withText(text), key, {})).rejects;
    await refused.toMatchObject({
      code: 'RECEIPT_CORRUPT',
      message: expect.stringContaining(problem),
    });
  });

  it('must have the intent of a batch that was decided', async () => {
    const refused = expect(readIntent(memorySink(), key, {})).rejects;
    await refused.toMatchObject({
      code: 'RECEIPT_CORRUPT',
      message: expect.stringContaining('is gone'),
    });
  });

  it.each([
    ['no count', '{"version":1,"remained":[],"changed":[]}'],
    ['half a count', '{"version":1,"gone":1.5,"remained":[],"changed":[]}'],
    ['nothing of what remained', '{"version":1,"gone":1,"changed":[]}'],
    ['nothing of what changed', '{"version":1,"gone":1,"remained":[]}'],
  ])('are refused as an outcome: %s', async (_case, text) => {
    const refused = expect(readOutcome(withText(text, outcomeKey(key)), key, {})).rejects;
    await refused.toMatchObject({
      code: 'RECEIPT_CORRUPT',
      message: expect.stringContaining('lacks'),
    });
  });

  it('are refused over 16 MiB', async () => {
    const long = JSON.stringify({ ...decided(wholeBatch()), pad: ' '.repeat(16 * 1024 * 1024) });
    const refused = expect(readIntent(withText(long), key, {})).rejects;
    await refused.toMatchObject({
      code: 'RECEIPT_CORRUPT',
      message: expect.stringContaining('is over'),
    });
  });
});
