import { initDataset, initExperiment, initLogger, login } from 'braintrust';
import type { Dataset } from 'braintrust';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

let plane: DataPlane;

beforeEach(async () => {
  plane = await startDataPlane();
  // The SDK keeps one login for the process: that of the plane before.
  await login({ appUrl: plane.appUrl, apiKey: plane.apiKey, forceLogin: true });
});
afterEach(() => plane.close());

function rowsBySpanName(projectId: string): Map<string, JsonRow> {
  const rows = plane.liveRows('project_logs', projectId);
  return new Map(rows.map((row) => [String((row['span_attributes'] as JsonRow)['name']), row]));
}

describe('the official SDK', () => {
  it('traces nested spans that become rows of the recorded shape', async () => {
    const logger = initLogger({ projectName: 'checkout', asyncFlush: true });
    await logger.traced(
      async (span) => {
        span.log({ input: { question: 'How far is the moon?' }, metadata: { model: 'small' } });
        span.traced((child) => child.log({ output: 'far away', tags: ['space'] }), {
          name: 'answer',
          type: 'llm',
        });
        span.log({ output: 'far', scores: { brevity: 1 } });
      },
      { name: 'request' },
    );
    await logger.flush();

    const projectId = (await logger.project).id;
    const rows = rowsBySpanName(projectId);
    const root = rows.get('request') ?? {};
    const child = rows.get('answer') ?? {};
    expect(rows.size).toBe(2);
    expect(Object.keys(root)).toHaveLength(27);
    expect(root).toMatchObject({
      is_root: true,
      span_parents: null,
      output: 'far',
      scores: { brevity: 1 },
      metadata: { model: 'small' },
    });
    expect(child).toMatchObject({
      is_root: false,
      root_span_id: root['root_span_id'],
      span_parents: [root['span_id']],
      span_attributes: { name: 'answer', type: 'llm' },
      tags: ['space'],
    });
  });

  it('updates a row by later merges, which keep its place and change its version', async () => {
    const logger = initLogger({ projectName: 'checkout', asyncFlush: true });
    const span = logger.startSpan({ name: 'slow' });
    await logger.flush();
    const projectId = (await logger.project).id;
    const [before = {}] = plane.liveRows('project_logs', projectId);
    span.log({ output: 'done' });
    span.end();
    await logger.flush();
    const [after = {}] = plane.liveRows('project_logs', projectId);
    expect(after).toMatchObject({
      id: before['id'],
      created: before['created'],
      _pagination_key: before['_pagination_key'],
      output: 'done',
    });
    expect(String(after['_xact_id']) > String(before['_xact_id'])).toBe(true);
    expect((after['metrics'] as JsonRow)['start']).toBe((before['metrics'] as JsonRow)['start']);
  });

  it('gives feedback: scores are merged, the comment is kept on the row', async () => {
    const logger = initLogger({ projectName: 'checkout', asyncFlush: true });
    const id = logger.log({ input: 'a', output: 'b', scores: { first: 0.5 } });
    await logger.flush();
    logger.logFeedback({ id, scores: { human: 1 }, comment: 'well done', source: 'app' });
    await logger.flush();
    const [row = {}] = plane.liveRows('project_logs', (await logger.project).id);
    expect(row['scores']).toEqual({ first: 0.5, human: 1 });
    expect(row['comments']).toMatchObject([{ comment: { text: 'well done' }, source: 'app' }]);
    expect(row['audit_data']).toMatchObject([
      { audit_data: { action: 'upsert' } },
      { audit_data: { action: 'merge' }, source: 'app' },
    ]);
  });

  it('writes a dataset and reads it back page by page', async () => {
    const open = (): Dataset => initDataset({ project: 'checkout', dataset: 'questions' });
    const dataset = open();
    for (let i = 0; i < 5; i += 1)
      dataset.insert({ input: { i }, expected: i * i, id: `row-${i}` });
    await dataset.flush();
    dataset.update({ id: 'row-1', metadata: { checked: true } });
    dataset.delete('row-4');
    await dataset.flush();

    const rows = [];
    for await (const row of open().fetch({ batchSize: 2 })) rows.push(row);
    expect(rows.map((row) => row.id)).toEqual(['row-3', 'row-2', 'row-1', 'row-0']);
    expect(rows[2]).toMatchObject({ input: { i: 1 }, expected: 1, metadata: { checked: true } });
    expect(plane.requests.count({ path: '/btql', status: 200 })).toBe(3);
    expect(await open().version()).toBe(
      rows
        .map((row) => row._xact_id)
        .sort()
        .at(-1),
    );
  });

  it('logs an experiment', async () => {
    const experiment = initExperiment('checkout', { experiment: 'first' });
    experiment.log({ input: 1, output: 2, scores: { close: 0.75 } });
    await experiment.flush();
    const rows = plane.liveRows('experiment', await experiment.id);
    expect(rows).toMatchObject([{ input: 1, output: 2, scores: { close: 0.75 } }]);
    expect(Object.keys(rows[0] ?? {})).toHaveLength(25);
  });

  it('is told when its key is wrong', async () => {
    const logger = initLogger({
      appUrl: plane.appUrl,
      apiKey: 'sk-wrong',
      projectName: 'checkout',
      forceLogin: true,
    });
    await expect(logger.project).rejects.toThrow(/401/u);
  });
});
