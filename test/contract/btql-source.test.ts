import { describe, it } from 'vitest';

import { sourceContract } from '../../src/testing/contracts/source-contract.js';
import { btqlFixture } from '../support/btql-fixture.js';

const supports = { add: true, cursorAt: true };

const SOURCES = {
  'a query of whole rows': sourceContract({
    create: (rows) => btqlFixture(rows, `select: * | from: project_logs('{id}')`),
    supports,
  }),
  'a query that does not select what tells rows apart': sourceContract({
    create: (rows) => btqlFixture(rows, `SELECT input, created AS at FROM project_logs('{id}')`),
    supports,
  }),
  'a query in parts': sourceContract({
    create: (rows) =>
      btqlFixture(rows, (id) => ({
        from: { kind: 'project_logs', ids: [id] },
        select: ['id', 'created'],
        filter: `input = 'x'`,
      })),
    supports,
  }),
};

describe.each(Object.entries(SOURCES))('btqlSource of %s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});
