import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { datasetsSource, experimentsSource } from '../../src/entries/braintrust.js';
import { csvEncoder } from '../../src/entries/csv.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { parquetEncoder } from '../../src/entries/parquet.js';
import { exportOnce, type Encoder, type Row, type Source } from '../../src/index.js';
import { parseCsv } from '../support/csv/parse-csv.js';
import { type SpansWorld, startWorld } from '../support/spans.js';

const SETTLED_SECONDS = 600;
/** What people and scorers add to a row once it is there. */
const ANNOTATIONS = {
  tags: ['triage', 'größer "1"'],
  expected: { answer: 'Blue, if 12345678901234567890 is right' },
  scores: { accuracy: 0.25, user_rating: 1, 'with.dot': null },
  metadata: { model: 'gpt-4o', user_correction: true, nested: { deep: [1, { x: null }] } },
};

let world: SpansWorld;
let projectId = '';
let experimentId = '';
let datasetId = '';

beforeAll(async () => {
  world = await startWorld();
  const { plane } = world;
  projectId = plane.createProject('annotated').id;
  experimentId = plane.createExperiment(projectId, 'run 1').id;
  datasetId = plane.createDataset(projectId, 'golden').id;
  const row = { id: 'one', input: 'What colour?', output: 'Red' };
  plane.insert('project_logs', projectId, [row, { id: 'plain', input: 'Nothing' }]);
  plane.insert('experiment', experimentId, [row]);
  plane.insert('dataset', datasetId, [{ id: 'one', input: row.input }]);
  world.pass(5);
  const { tags, expected, scores, metadata } = ANNOTATIONS;
  const changes = { id: 'one', tags, expected, metadata, _is_merge: true };
  plane.insert('project_logs', projectId, [{ ...changes, scores }]);
  plane.insert('experiment', experimentId, [{ ...changes, scores }]);
  plane.insert('dataset', datasetId, [changes]);
  world.pass(5);
  await sendFeedback('project_logs', projectId);
  await sendFeedback('experiment', experimentId);
  world.pass(SETTLED_SECONDS);
});
afterAll(() => world.plane.close());

/** What a reviewer writes, over HTTP as the application does. */
async function sendFeedback(type: string, id: string): Promise<void> {
  const { url, apiKey } = world.plane;
  const item = { id: 'one', scores: { review: 0.5 }, comment: 'Not red at all', source: 'app' };
  const answer = await fetch(`${url}/v1/${type}/${id}/feedback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ feedback: [item] }),
  });
  expect(answer.status).toBe(200);
}

async function bytesOf(source: Source, encoder: Encoder): Promise<Buffer> {
  const stream = new PassThrough();
  const [, bytes] = await Promise.all([
    exportOnce({ source, encoder, writable: stream }),
    buffer(stream as Readable),
  ]);
  return bytes;
}

async function rowOf(source: Source): Promise<Row> {
  const bytes = await bytesOf(source, jsonlEncoder({ compression: 'none' }));
  const rows = bytes.toString().trimEnd().split('\n');
  const parsed = rows.map((line) => JSON.parse(line) as Row);
  return parsed.find(({ id }) => id === 'one') ?? {};
}

const spans = (): Source => world.source({ projectId });

describe('annotations in an export', () => {
  it('of logs survive: tags, comments, expected values, scores and metadata', async () => {
    const row = await rowOf(spans());
    expect(row).toMatchObject({
      ...ANNOTATIONS,
      scores: { ...ANNOTATIONS.scores, review: 0.5 },
    });
    expect(row['comments']).toEqual([
      expect.objectContaining({ comment: expect.objectContaining({ text: 'Not red at all' }) }),
    ]);
  });

  it('are what the service shows', async () => {
    const live = world.plane.liveRows('project_logs', projectId).find(({ id }) => id === 'one');
    expect(await rowOf(spans())).toEqual(live);
  });

  it('of experiments and datasets survive', async () => {
    const { client } = world;
    const experiment = await rowOf(experimentsSource({ client, projectId }));
    expect(experiment).toMatchObject({
      ...ANNOTATIONS,
      scores: { ...ANNOTATIONS.scores, review: 0.5 },
      comments: [{ comment: { text: 'Not red at all' } }],
    });
    const { tags, expected, metadata } = ANNOTATIONS;
    const record = await rowOf(datasetsSource({ client, projectId }));
    expect(record).toMatchObject({ tags, expected, metadata });
  });

  it('survive in Parquet', async () => {
    const bytes = await bytesOf(spans(), parquetEncoder({ compression: 'none' }));
    const file = new Uint8Array(bytes).buffer;
    const rows = await parquetReadObjects({ file });
    const row = rows.find(({ id }) => id === 'one') ?? {};
    const text = (name: string): unknown =>
      typeof row[name] === 'string' ? JSON.parse(row[name]) : row[name];
    expect(text('expected')).toEqual(ANNOTATIONS.expected);
    expect(text('tags')).toEqual(ANNOTATIONS.tags);
    expect(text('metadata')).toEqual(ANNOTATIONS.metadata);
    expect(JSON.stringify(text('comments'))).toContain('Not red at all');
    expect(JSON.stringify(row['scores'])).toMatch(/accuracy.*0\.25|0\.25.*accuracy/);
    expect(JSON.stringify(row['scores'])).toContain('review');
  });

  it('survive in CSV', async () => {
    const columns = ['id', 'tags', 'comments', 'expected', 'scores', 'metadata'];
    const encoder = csvEncoder({ columns, drift: 'omit', compression: 'none' });
    const [names, ...lines] = parseCsv(await bytesOf(spans(), encoder));
    expect(names).toEqual(columns);
    const [, tags, comments, expected, scores, metadata] = lines.find(([id]) => id === 'one') ?? [];
    expect(JSON.parse(tags ?? '')).toEqual(ANNOTATIONS.tags);
    expect(comments).toContain('Not red at all');
    expect(JSON.parse(expected ?? '')).toEqual(ANNOTATIONS.expected);
    expect(JSON.parse(scores ?? '')).toEqual({ ...ANNOTATIONS.scores, review: 0.5 });
    expect(JSON.parse(metadata ?? '')).toEqual(ANNOTATIONS.metadata);
  });
});
