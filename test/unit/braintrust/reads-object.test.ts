import { describe, expect, it } from 'vitest';

import {
  braintrustClient,
  datasetsSource,
  experimentsSource,
  spansSource,
  tracesSource,
} from '../../../src/entries/braintrust.js';

/** Nothing is asked here. */
const client = braintrustClient({
  apiKey: 'key',
  apiUrl: 'https://plane.test',
  fetch: () => Promise.reject(new Error('something was asked')),
});

describe('readsObject', () => {
  it.each([
    ['spansSource', spansSource({ client, projectIds: ['b', 'a'] })],
    ['tracesSource', tracesSource({ client, projectIds: ['a', 'b'] })],
    ['experimentsSource', experimentsSource({ client, experimentIds: ['a', 'b'] })],
    ['datasetsSource', datasetsSource({ client, datasetIds: ['a', 'b'] })],
  ])('of a %s by ids is known: those and no others', (_name, source) => {
    const read = ['a', 'b', 'c', 'A', ''].filter((id) => source.readsObject?.(id) === true);
    expect(read).toEqual(['a', 'b']);
    expect(source.readsObject?.('c')).toBe(false);
  });

  it.each([
    ['spansSource by name', spansSource({ client, projectName: 'a' })],
    ['tracesSource by names', tracesSource({ client, projectNames: ['a', 'b'] })],
    ['experimentsSource of a project', experimentsSource({ client, projectId: 'a' })],
    [
      'datasetsSource by names',
      datasetsSource({ client, projectId: 'p', datasetNames: ['a', 'b'] }),
    ],
  ])('of a %s is not known before a read', (_name, source) => {
    expect(source.readsObject?.('a')).toBeNull();
  });
});
