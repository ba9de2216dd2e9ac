import { expect, it } from 'vitest';

import { RecentIds } from '../../../src/braintrust/retention/recent-ids.js';

it('keeps the ids that were met last, as many as it may', () => {
  const ids = new RecentIds(3);
  for (const id of ['a', 'b', 'c', 'd']) ids.add(id);
  expect(['a', 'b', 'c', 'd'].map((id) => ids.has(id))).toEqual([false, true, true, true]);
});

it('keeps an id once that is met again', () => {
  const ids = new RecentIds(2);
  for (const id of ['a', 'a', 'b', 'a']) ids.add(id);
  expect(['a', 'b'].map((id) => ids.has(id))).toEqual([true, true]);
});
