import type { Survey } from '../../src/interfaces/index.js';
import {
  type Mark,
  type PolicyDocument,
  type SweepState,
  newPolicyDocument,
  newSweep,
} from '../../src/retention/policy-document.js';

const FINGERPRINT = {
  target: { name: 'project-logs', identity: { projectId: 'p-1' } },
  unit: 'trace' as const,
  proof: null,
};

/** Counts of a service: so many rows, ten of them candidates. */
export function surveyOf(change: Partial<Survey> = {}): Survey {
  return {
    of: 'rows',
    existing: 100,
    candidates: 10,
    days: [],
    oldest: null,
    newest: null,
    ...change,
  };
}

/** The state of a sweep that has begun. */
export function sweepStateOf(change: Partial<SweepState> = {}): SweepState {
  return { ...newSweep(new Date('2026-03-02T00:00:00Z')), ...change };
}

/** A mark of the first of March 2026, 30 days kept, a day of grace. */
export function markOfMarch(change: Partial<Mark> = {}): Mark {
  return {
    id: '000001-abcdefgh',
    planeNow: '2026-03-01T00:00:00.000Z',
    hostNow: '2026-03-01T00:00:00.000Z',
    keepDays: 30,
    cutoff: '2026-01-30T00:00:00.000Z',
    before: '2026-03-01T00:00:00.000Z',
    dueAt: '2026-03-02T00:00:00.000Z',
    survey: surveyOf(),
    allowance: 25,
    planToken: null,
    cancelledAt: null,
    sweep: null,
    ...change,
  };
}

/** The document of the policy `logs`. */
export function policyDocument(change: Partial<PolicyDocument> = {}): PolicyDocument {
  return { ...newPolicyDocument('logs', FINGERPRINT), writeId: 'w', ...change };
}
