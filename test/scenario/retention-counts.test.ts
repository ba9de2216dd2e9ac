import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { RetentionUnit, TargetReader } from '../../src/interfaces/index.js';
import { rewriteRows, startRetentionWorld } from '../support/retention.js';
import type { AnswerRows, RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
});

afterEach(() => world.plane.close());

function insert(...events: readonly { readonly id: string; readonly created?: string }[]): void {
  world.plane.insert('project_logs', projectId, events);
}

async function open(unit: RetentionUnit): Promise<TargetReader> {
  return await projectLogs({ client: world.client, projectId }).open(world.scope(unit), {});
}

it('counts rows, all and those in the scope, by the day of their creation', async () => {
  insert(
    { id: 'a', created: '2024-02-29T23:59:59.999Z' },
    { id: 'b', created: '2024-03-01T00:00:00Z' },
    { id: 'c', created: '2024-03-01T23:59:59Z' },
  );
  world.passDays(40);
  insert({ id: 'young' });
  const reader = await open('trace');
  expect(await reader.survey({})).toEqual({
    of: 'rows',
    existing: 4,
    candidates: 3,
    days: [
      { day: '2024-02-29', count: 1 },
      { day: '2024-03-01', count: 2 },
    ],
    oldest: '2024-02-29T23:59:59.999Z',
    newest: '2024-03-01T23:59:59.000Z',
  });
});

it('counts over more days than one answer has', async () => {
  const days = Array.from({ length: 2_005 }, (_, index) =>
    new Date(Date.parse('2019-01-01T12:00:00Z') + index * 86_400_000).toISOString(),
  );
  insert(...days.map((created, index) => ({ id: `r${index}`, created })));
  world.passDays(40);
  const reader = await open('row');
  const survey = await reader.survey({});
  expect(survey.candidates).toBe(2_005);
  expect(survey.days).toEqual(days.map((created) => ({ day: created.slice(0, 10), count: 1 })));
});

describe('a count', () => {
  let reader: TargetReader;

  beforeEach(async () => {
    insert({ id: 'a' }, { id: 'b' });
    world.passDays(40);
    reader = await open('row');
  });

  it.each([
    ['that is no number', ([row]: AnswerRows) => Object.assign(row ?? {}, { counted: 'six' })],
    ['that is negative', ([row]: AnswerRows) => Object.assign(row ?? {}, { counted: -1 })],
    ['that comes twice', (data: AnswerRows) => data.push({ ...data[0] })],
  ])('%s is refused', async (_name, edit) => {
    world.plane.control.fail(rewriteRows(edit));
    await expect(reader.survey({})).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('of days without a time, or in no order, is refused', async () => {
    for (const edit of [
      ([row]: AnswerRows) => Object.assign(row ?? {}, { oldest: 'once' }),
      ([row]: AnswerRows) => Object.assign(row ?? {}, { created_day: null }),
      (data: AnswerRows) => data.push({ ...data[0] }),
    ]) {
      world.plane.control.fail(rewriteRows(() => undefined));
      world.plane.control.fail(rewriteRows(edit));
      await expect(reader.survey({})).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    }
  });

  it('of an answer that may lack rows is refused', async () => {
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    await expect(reader.survey({})).rejects.toMatchObject({ code: 'SOURCE_BEHIND' });
  });
});
