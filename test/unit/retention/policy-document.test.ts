import { describe, expect, it } from 'vitest';

import { isExportError } from '../../../src/errors/index.js';
import type { Json } from '../../../src/interfaces/index.js';
import {
  type PolicyDocument,
  type PolicyFingerprint,
  checkPolicy,
  decidedUnder,
  newPolicyDocument,
  newSweep,
  policyPlace,
} from '../../../src/retention/policy-document.js';
import { memoryCursorStore } from '../../../src/stores/memory.js';
import {
  markOfMarch,
  policyDocument,
  surveyOf,
  sweepStateOf,
} from '../../support/policy-documents.js';

const OPEN = { number: 1, intentKey: 'k', rows: 3, openedAt: '2026-03-02T00:00:00.000Z' };

function parse(stored: unknown): PolicyDocument {
  return policyPlace(memoryCursorStore(), 'logs').parse(stored as Json);
}

/** The message with which a stored document is refused, between the policy's name and the remedy. */
function refusalOf(stored: unknown, code: 'CHECKPOINT_CORRUPT' | 'CHECKPOINT_VERSION'): string {
  try {
    parse(stored);
  } catch (error) {
    if (isExportError(error, code)) return error.message.split('"logs" ')[1]?.split('. ')[0] ?? '';
    throw error;
  }
  return 'taken';
}

function withMark(change: object): PolicyDocument {
  return policyDocument({ mark: { ...markOfMarch(), ...change } });
}

function withSweep(change: object): PolicyDocument {
  return withMark({ sweep: { ...sweepStateOf(), ...change } });
}

describe('the document of a policy', () => {
  it.each([
    ['new', newPolicyDocument('logs', policyDocument().fingerprint)],
    ['marked', withMark({})],
    ['marked, of experiments', withMark({ survey: surveyOf({ of: 'experiments' }) })],
    ['swept', withSweep({})],
    [
      'swept in part',
      withSweep({ cursor: 'c', open: [OPEN], begun: ['e'], kept: {}, lowestKept: '0001' }),
    ],
    [
      'between marks',
      policyDocument({
        nextMark: 2,
        proofFloor: { manifestKey: 'm', version: '0001' },
        baseline: {
          cutoff: '2026-01-30T00:00:00Z',
          planeNow: '2026-03-01T00:00:00Z',
          hostNow: '2026-03-01T00:00:00Z',
        },
        lease: { holder: 'h', expiresAt: '2026-03-01T00:00:00Z' },
      }),
    ],
  ])('is read as it was written: %s', (_case, document) => {
    const stored: unknown = JSON.parse(JSON.stringify(document));
    expect(parse(stored)).toEqual(document);
  });

  it.each([
    ['text', 'text', 'is no object'],
    ['null', null, 'is no object'],
    ['a list', [], 'is no object'],
    ['without version', policyDocument({ version: undefined as never }), 'has a bad version'],
    ['version 0', policyDocument({ version: 0 }), 'has a bad version'],
    ['version as text', policyDocument({ version: '2' as never }), 'has a bad version'],
    ['another policy', policyDocument({ policyId: 'other' }), 'belongs to "other"'],
    ['no fingerprint', policyDocument({ fingerprint: null as never }), 'has no fingerprint'],
    ['nextMark', policyDocument({ nextMark: -1 }), 'has a bad number of marks'],
    ['nextMark 1.5', policyDocument({ nextMark: 1.5 }), 'has a bad number of marks'],
    ['nextMark as text', policyDocument({ nextMark: '1' as never }), 'has a bad number of marks'],
    ['no totals', policyDocument({ totals: null as never }), 'has no totals'],
    ['totals as a list', policyDocument({ totals: [] as never }), 'has no totals'],
    [
      'baseline',
      policyDocument({ baseline: { cutoff: '?', planeNow: '2026-01-01', hostNow: '2026-01-01' } }),
      'has a bad baseline',
    ],
    [
      'baseline without a clock',
      policyDocument({ baseline: { cutoff: '2026-01-01', planeNow: '2026-01-01' } as never }),
      'has a bad baseline',
    ],
    ['a baseline as a list', policyDocument({ baseline: [] as never }), 'has a bad baseline'],
    ['no floor', policyDocument({ proofFloor: {} as never }), 'has a bad floor of its proof'],
    ['floor', policyDocument({ proofFloor: 'm' as never }), 'has a bad floor of its proof'],
    [
      'floor version',
      policyDocument({ proofFloor: { manifestKey: 'm' } as never }),
      'has a bad floor of its proof',
    ],
    ['token', policyDocument({ fencingToken: -1 }), 'has a bad fencingToken'],
    ['lease', policyDocument({ lease: {} as never }), 'has a bad lease'],
    ['mark as text', policyDocument({ mark: 'm' as never }), 'has a mark without an id'],
    ['mark without id', withMark({ id: 1 }), 'has a mark without an id'],
    ['mark undefined', policyDocument({ mark: undefined as never }), 'has a mark without an id'],
    ['planeNow', withMark({ planeNow: 'x' }), 'has a mark with a bad time'],
    ['hostNow', withMark({ hostNow: 'x' }), 'has a mark with a bad time'],
    ['cutoff', withMark({ cutoff: 'x' }), 'has a mark with a bad time'],
    ['before', withMark({ before: 'x' }), 'has a mark with a bad time'],
    ['dueAt', withMark({ dueAt: 'x' }), 'has a mark with a bad time'],
    ['allowance', withMark({ allowance: null }), 'has a mark with a bad allowance'],
    ['allowance below 0', withMark({ allowance: -1 }), 'has a mark with a bad allowance'],
    ['survey', withMark({ survey: null }), 'has a mark without its counts'],
    ['sweep', withMark({ sweep: [] }), 'has a bad sweep'],
    ['startedAt', withSweep({ startedAt: 'x' }), 'has a bad sweep'],
    ['cursor', withSweep({ cursor: 7 }), 'has a bad cursor'],
    ['pass', withSweep({ pass: -1 }), 'has a sweep with a bad number'],
    ['nextBatch', withSweep({ nextBatch: 'x' }), 'has a sweep with a bad number'],
    ['changedRows', withSweep({ changedRows: null }), 'has a sweep with a bad number'],
    ['remainedRows', withSweep({ remainedRows: 0.5 }), 'has a sweep with a bad number'],
    ['deleted', withSweep({ deleted: null }), 'has a bad sweep'],
    ['deleted rows', withSweep({ deleted: { units: 0 } }), 'has a bad sweep'],
    ['deleted units', withSweep({ deleted: { rows: 0 } }), 'has a bad sweep'],
    ['open', withSweep({ open: {} }), 'has a bad open batch'],
    ['open null', withSweep({ open: [OPEN, null] }), 'has a bad open batch'],
    ['open number', withSweep({ open: [{ ...OPEN, number: -1 }] }), 'has a bad open batch'],
    ['open key', withSweep({ open: [{ ...OPEN, intentKey: 1 }] }), 'has a bad open batch'],
    ['begun', withSweep({ begun: null }), 'has a bad sweep'],
    ['begun number', withSweep({ begun: ['e', 7] }), 'has a bad sweep'],
    ['kept', withSweep({ kept: null }), 'has a bad sweep'],
  ])('is refused, never guessed: %s', (_case, stored, problem) => {
    expect(refusalOf(stored, 'CHECKPOINT_CORRUPT').replace(/\.$/, '')).toBe(problem);
  });

  it('of a later release is refused as such', () => {
    const stored = { ...policyDocument(), version: 2, mark: 'of another form' };
    expect(refusalOf(stored, 'CHECKPOINT_VERSION')).toContain('form 2');
  });

  it('that is refused says what to do, and of which policy', () => {
    const details = { policyId: 'logs' };
    const refusal = { details, remedy: expect.stringMatching(/./) };
    const parsed = (version: number) => (): unknown => parse(policyDocument({ version }));
    expect(parsed(2)).toThrow(expect.objectContaining({ ...refusal, code: 'CHECKPOINT_VERSION' }));
    expect(parsed(0)).toThrow(expect.objectContaining({ ...refusal, code: 'CHECKPOINT_CORRUPT' }));
  });

  it('lies under the id of the policy', () => {
    expect(policyPlace(memoryCursorStore(), 'logs').key).toBe('retention/logs');
  });

  it('starts with mark 1, and a sweep with batch 1 of pass 1 and nothing done', () => {
    expect(policyDocument()).toMatchObject({ version: 1, nextMark: 1, mark: null, baseline: null });
    expect(policyDocument().totals).toEqual({ units: 0, rows: 0, marks: 0 });
    expect(newSweep(new Date('2026-03-02T00:00:00Z'))).toEqual({
      startedAt: '2026-03-02T00:00:00.000Z',
      cursor: null,
      pass: 1,
      again: false,
      nextBatch: 1,
      open: [],
      begun: [],
      deleted: { units: 0, rows: 0 },
      changedRows: 0,
      remainedRows: 0,
      kept: {},
      lowestKept: null,
      readAgeMaxMs: 0,
      endedAt: null,
    });
  });
});

describe('a policy that was begun', () => {
  const mine: PolicyFingerprint = {
    target: { name: 'project-logs', identity: { a: 1, b: 2 } },
    unit: 'trace',
    proof: { exportId: 'spans', location: 'memory' },
  };
  const changedOf = (stored: object): unknown => {
    try {
      checkPolicy(stored as PolicyFingerprint, mine, 'logs');
    } catch (error) {
      if (isExportError(error, 'FINGERPRINT_CHANGED')) return error.details['changed'];
      throw error;
    }
    return 'taken';
  };

  it('goes on with the same settings, whatever the order of their members', () => {
    expect(changedOf(mine)).toBe('taken');
    expect(changedOf({ ...mine, target: { identity: { b: 2, a: 1 }, name: 'project-logs' } })).toBe(
      'taken',
    );
  });

  it.each([
    ['target', { target: { name: 'datasets', identity: { a: 1, b: 2 } } }],
    ['unit', { unit: 'row' }],
    ['proof', { proof: null }],
    ['proof', { proof: { exportId: 'other', location: 'memory' } }],
    ['proof', { proof: undefined }],
  ])('is refused with another %s', (part, change) => {
    expect(changedOf({ ...mine, ...change })).toEqual([part]);
  });

  it('is refused with both settings in the message, and what to do', () => {
    const check = (): void => checkPolicy({ ...mine, unit: 'row' }, mine, 'logs');
    expect(check).toThrow('"logs" was begun with other settings: unit was "row" and is "trace".');
    expect(check).toThrow('new policy id');
    const { proof: _none, ...without } = mine;
    expect(() => checkPolicy(without as typeof mine, mine, 'logs')).toThrow(
      'proof was null and is',
    );
  });

  it('is refused with everything that changed', () => {
    expect(changedOf({ target: null, unit: 'row', proof: null })).toEqual([
      'target',
      'unit',
      'proof',
    ]);
  });
});

describe('what was decided under a mark', () => {
  const open = [3, 0, 4].map((rows, number) => ({ ...OPEN, number, rows }));
  const sweep = sweepStateOf({ deleted: { units: 5, rows: 20 }, open, begun: ['e-1', 'e-2'] });

  it('is nothing before its sweep', () => {
    expect(decidedUnder(markOfMarch())).toBe(0);
  });

  it('is what is gone and what is still open, in rows', () => {
    expect(decidedUnder(markOfMarch({ sweep }))).toBe(27);
  });

  it('is what is gone and what was begun, in objects', () => {
    const survey = surveyOf({ of: 'experiments' });
    expect(decidedUnder(markOfMarch({ sweep, survey }))).toBe(7);
  });
});
