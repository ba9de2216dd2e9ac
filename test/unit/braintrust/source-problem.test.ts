import { describe, expect, it } from 'vitest';

import { sourceProblem } from '../../../src/braintrust/retention/source-problem.js';

const API_URL = 'https://api.example';
const PROVING = { name: 'braintrust-spans', apiUrl: API_URL };
const WHOLE = { apiUrl: API_URL, filter: null, columns: null, from: 0, until: 4_294_967_295 };

describe('a source', () => {
  it('that gives every row whole has no problem', () => {
    expect(sourceProblem({ name: 'braintrust-spans', identity: WHOLE }, PROVING)).toBe(null);
  });

  it.each([
    ['of another kind', 'is not `braintrust-spans`', { name: 'braintrust-datasets' }],
    ['without an identity', 'reads from another `apiUrl`', { identity: null }],
    ['of a list', 'reads from another `apiUrl`', { identity: [] }],
  ])('%s proves nothing', (_name, problem, members) => {
    const source = { name: 'braintrust-spans', identity: WHOLE, ...members };
    expect(sourceProblem(source, PROVING)).toContain(problem);
  });

  it.each([
    ['apiUrl', 'https://api-eu.example', 'reads from another `apiUrl` than https://api.example'],
    ['filter', 'scores is not null', 'reads with a `filter`'],
    ['columns', ['input'], 'reads some `columns` only'],
    ['from', 1_700_000_000, 'does not read `from` the beginning'],
    ['version', '1000192', 'reads what was there at a `version`'],
  ])('with another %s proves nothing', (member, value, problem) => {
    const identity = { ...WHOLE, [member]: value };
    expect(sourceProblem({ name: 'braintrust-spans', identity }, PROVING)).toBe(problem);
  });

  it.each(['filter', 'columns', 'from'])('that does not tell its %s proves nothing', (member) => {
    const identity = Object.fromEntries(Object.entries(WHOLE).filter(([name]) => name !== member));
    const source = { name: 'braintrust-spans', identity };
    expect(sourceProblem(source, PROVING)).not.toBe(null);
  });

  it.each([null, 'braintrust-spans', 7, []])('that is none proves nothing: %j', (source) => {
    expect(sourceProblem(source, PROVING)).toBe('is not `braintrust-spans`');
  });
});
