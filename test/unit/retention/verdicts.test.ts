import { describe, expect, it } from 'vitest';

import type { Proof, RowProof, RowVersionName } from '../../../src/retention/proof/proof.js';
import { UnitJudge } from '../../../src/retention/sweep/verdicts.js';
import { targetObject, targetRow, targetUnit, unitOf } from '../../support/target-units.js';

const SCOPE = { cutoff: new Date('2026-01-10T00:00:00Z'), versionBound: '0100' };
const ARCHIVE = {
  manifestKey: 'm',
  objectKey: 'o',
  bytes: 10,
  rows: 1,
  sha256: 'aa',
  checkedBy: 'size',
} as const;

/** A proof of all rows but those whose id is given with a reason; it notes what it was asked for. */
function proofBut(
  reasons: Readonly<Record<string, Extract<RowProof, { state: 'unproven' }>['why']>>,
): {
  readonly proof: Proof;
  readonly asked: string[][];
} {
  const asked: string[][] = [];
  const prove = async (rows: readonly RowVersionName[]): Promise<readonly RowProof[]> => {
    asked.push(rows.map(({ id, version }) => `${id}@${version}`));
    return rows.map(({ id }): RowProof => {
      const why = reasons[id];
      return why === undefined ? { state: 'proven', archive: ARCHIVE } : { state: 'unproven', why };
    });
  };
  return { proof: { prove } as unknown as Proof, asked };
}

async function reasonsOf(
  judge: UnitJudge,
  units: Parameters<UnitJudge['judge']>[0],
): Promise<unknown> {
  return (await judge.judge(units, {})).map(({ unit, reason }) => [unit.id, reason]);
}

describe('a judge', () => {
  it('asks for no proof when none is wanted', async () => {
    const judge = new UnitJudge(SCOPE, null);
    const young = unitOf('b', 1, { created: '2026-02-01' });
    expect(await reasonsOf(judge, [unitOf('a', 1), young])).toEqual([
      ['a', null],
      ['b', 'too-young'],
    ]);
    expect(judge.archiveOf(targetRow('a-0'))).toBeNull();
  });

  it('asks only for rows of units that nothing else keeps, in the order of their versions', async () => {
    const { proof, asked } = proofBut({});
    const units = [
      unitOf('b', 2, { version: '0003' }),
      unitOf('c', 1, { created: '2026-02-01', version: '0000' }),
      unitOf('a', 1, { version: '0002' }),
      unitOf('d', 1, { version: '0004' }),
    ];
    expect(await reasonsOf(new UnitJudge(SCOPE, proof), units)).toEqual([
      ['b', null],
      ['c', 'too-young'],
      ['a', null],
      ['d', null],
    ]);
    expect(asked).toEqual([['a-0@0002', 'b-0@0003', 'b-1@0003', 'd-0@0004']]);
  });

  it('keeps a unit of which one row is not proven, for the reason of the first', async () => {
    const { proof } = proofBut({
      'a-2': 'rejected',
      'a-3': 'object-missing',
      'b-0': 'not-exported',
    });
    const units = [unitOf('a', 4), unitOf('b', 1), unitOf('c', 3)];
    expect(await reasonsOf(new UnitJudge(SCOPE, proof), units)).toEqual([
      ['a', 'rejected'],
      ['b', 'not-exported'],
      ['c', null],
    ]);
  });

  it('keeps what the proof does not speak of', async () => {
    const silent = { prove: async () => [] } as unknown as Proof;
    expect(await reasonsOf(new UnitJudge(SCOPE, silent), [unitOf('a', 1)])).toEqual([
      ['a', 'not-exported'],
    ]);
  });

  it('asks once for each version of a row, and for a new one anew', async () => {
    const { proof, asked } = proofBut({});
    const judge = new UnitJudge(SCOPE, proof);
    await judge.judge([unitOf('a', 1)], {});
    await judge.judge([unitOf('a', 1)], {});
    await judge.judge([unitOf('a', 2), unitOf('a', 1, { version: '0002' })], {});
    await judge.judge([unitOf('a', 1, { objectId: 'p-2' })], {});
    expect(asked).toEqual([['a-0@0001'], ['a-1@0001', 'a-0@0002'], ['a-0@0001']]);
  });

  it('tells the object that holds a version that was proven', async () => {
    const { proof } = proofBut({ 'a-1': 'rejected' });
    const judge = new UnitJudge(SCOPE, proof);
    const [first, second] = unitOf('a', 2).rows;
    await judge.judge([unitOf('a', 2)], {});
    expect(judge.archiveOf(first!)).toEqual(ARCHIVE);
    expect(judge.archiveOf(second!)).toBeNull();
    expect(judge.archiveOf({ ...first!, version: '0002' })).toBeNull();
  });

  it('has nothing to prove of an object without rows', async () => {
    const { proof, asked } = proofBut({});
    const unit = targetUnit('e', [], { object: targetObject('e') });
    expect(await reasonsOf(new UnitJudge(SCOPE, proof), [unit])).toEqual([['e', null]]);
    expect(asked).toEqual([]);
  });
});
