import { describe, expect, it } from 'vitest';

import { braintrustClient } from '../../../src/braintrust/client/client.js';
import { datasetsSource } from '../../../src/braintrust/datasets/datasets.js';
import { experimentsSource } from '../../../src/braintrust/experiments/experiments.js';
import type { ExperimentsSourceOptions } from '../../../src/braintrust/experiments/experiments.js';
import { canonicalText } from '../../../src/braintrust/collections/canonical-text.js';
import { xactIdAt } from '../../../src/braintrust/query/xact.js';

/** Nothing is asked here. */
const client = braintrustClient({ apiKey: 'key', apiUrl: 'https://plane.test' });

const create = (options: object): unknown =>
  experimentsSource({ client, ...options } as ExperimentsSourceOptions);

describe('experimentsSource', () => {
  it.each([
    [{}, /`projectId`/],
    [{ projectId: 'a', projectName: 'b' }, /only one of them/],
    [{ projectId: 'a', experimentIds: ['b'] }, /`projectId` does not go with `experimentIds`/],
    [{ experimentIds: [] }, /`experimentIds` must hold/],
    [{ experimentIds: ['a', 'a'] }, /names one twice/],
    [{ experimentNames: ['a'] }, /`projectId`/],
    [{ experimentNames: ['a'], projectIds: ['a', 'b'] }, /needs one project/],
    [{ projectIds: Array.from({ length: 51 }, (_, index) => `${index}`) }, /1 to 50/],
    [{ projectId: 'a', objectsPerQuery: 0 }, /`objectsPerQuery`/],
    [{ projectId: 'a', version: xactIdAt(1) }, /`version` is not an option/],
    [{ projectId: 'a', datasetIds: ['b'] }, /`datasetIds` is not an option/],
    [{ projectId: 'a', content: 'all' }, /`content`/],
    [{ projectId: 'a', content: 'metadata', filter: 'true' }, /`filter` goes with/],
    [{ projectId: 'a', content: 'metadata', onExperimentError: 'stop' }, /`onExperimentError`/],
  ])('refuses %j', (options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  it('has an identity of what is read, whichever the experiments', () => {
    const left = experimentsSource({ client, projectId: 'a', columns: ['scores'] });
    const right = experimentsSource({ client, experimentIds: ['b'], columns: ['scores'] });
    expect(left.identity).toEqual(right.identity);
    expect(left.identity).toMatchObject({
      columns: ['_xact_id', 'created', 'experiment_id', 'id', 'project_id', 'scores'],
    });
  });
});

describe('datasetsSource', () => {
  it.each(['1', 'b46a2b58e5bcf0d1'])('refuses the version %j', (version) => {
    expect(() => datasetsSource({ client, projectId: 'a', version })).toThrow(/19 digits/);
  });

  it('has a version in its identity', () => {
    const version = xactIdAt(1_700_000_000);
    const { identity } = datasetsSource({ client, projectId: 'a', version });
    expect(identity).toMatchObject({ version, until: 1_700_000_001 });
  });
});

describe('the canonical text', () => {
  it('is the same for members in any order, and differs for any other content', () => {
    const text = canonicalText({ b: [1, { d: 1, c: null }], a: 'x' });
    expect(canonicalText({ a: 'x', b: [1, { c: null, d: 1 }] })).toBe(text);
    expect(canonicalText({ a: 'x', b: [{ c: null, d: 1 }, 1] })).not.toBe(text);
    expect(JSON.parse(text)).toEqual({ b: [1, { d: 1, c: null }], a: 'x' });
  });
});
