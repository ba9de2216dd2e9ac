import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { TargetReader } from '../../src/interfaces/index.js';
import { rewriteRows, startRetentionWorld } from '../support/retention.js';
import type { AnswerRows, RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;
let reader: TargetReader;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  world.plane.insert('project_logs', projectId, [{ id: 'a' }, { id: 'b' }]);
  world.passDays(40);
  const target = projectLogs({ client: world.client, projectId });
  reader = await target.open(world.scope('row'), {});
});

afterEach(() => world.plane.close());

describe('a count', () => {
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
