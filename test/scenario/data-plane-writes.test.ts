import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { manualClock, paginationKeyOf, startDataPlane, transactionOf } from 'tracehaul/testing';
import type { DataPlane, JsonRow } from 'tracehaul/testing';

import { ask, postTo } from '../support/plane-client.js';

const NOON = new Date('2026-03-01T12:00:00Z');
let clock = manualClock({ now: NOON });
let plane: DataPlane;
let projectId: string;

beforeEach(async () => {
  clock = manualClock({ now: NOON });
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
});
afterEach(() => plane.close());

const insert = (...rows: JsonRow[]): string => plane.insert('project_logs', projectId, rows).xactId;
const live = (): readonly JsonRow[] => plane.liveRows('project_logs', projectId);
const row = (id: string): JsonRow | undefined => live().find((candidate) => candidate['id'] === id);

describe('an insert', () => {
  it('gives all its rows one transaction, and each its own pagination key', () => {
    const xactId = insert({ id: 'a' }, { id: 'b' }, { id: 'c' });
    const transaction = transactionOf(xactId);
    expect(live().map((one) => [one['id'], one['_xact_id'], one['_pagination_key']])).toEqual([
      ['a', xactId, paginationKeyOf(transaction, 0)],
      ['b', xactId, paginationKeyOf(transaction, 1)],
      ['c', xactId, paginationKeyOf(transaction, 2)],
    ]);
  });

  it('of a known id replaces the row and keeps its pagination key', async () => {
    insert({ id: 'a', input: 1, output: 2 });
    const before = row('a');
    await clock.advance(1000);
    insert({ id: 'a', input: 3 });
    expect(row('a')).toMatchObject({
      input: 3,
      output: null,
      _pagination_key: before?.['_pagination_key'],
    });
    expect(row('a')?.['_xact_id']).not.toBe(before?.['_xact_id']);
    expect(live()).toHaveLength(1);
  });

  it('as a merge keeps what it does not name, and notes what people change', () => {
    insert({ id: 'a', input: 1, metadata: { x: 1 }, created: '2026-01-01T00:00:00.000Z' });
    insert({ id: 'a', _is_merge: true, metadata: { y: 2 }, created: '2026-02-02T00:00:00.000Z' });
    expect(row('a')).toMatchObject({
      input: 1,
      metadata: { x: 1, y: 2 },
      created: '2026-01-01T00:00:00.000Z',
    });
    expect(row('a')?.['audit_data']).toMatchObject([
      { audit_data: { action: 'upsert' }, source: 'api' },
      { audit_data: { action: 'merge', path: ['metadata'], from: { x: 1 }, to: { x: 1, y: 2 } } },
    ]);
  });

  it('as a merge of an unknown id makes the row', () => {
    insert({ id: 'a', _is_merge: true, input: 1 });
    expect(row('a')).toMatchObject({ input: 1 });
  });

  it('never gives a row an older version, also where the counter wraps', () => {
    plane.control.nextTransaction({ counter: 65_535 });
    const first = insert({ id: 'a', input: 1 });
    const other = insert({ id: 'b' });
    const second = insert({ id: 'a', input: 2 });
    expect(other < first).toBe(true);
    expect(second > first).toBe(true);
    expect(row('a')).toMatchObject({ input: 2, _xact_id: second });
  });

  it('makes one version of a row that one transaction writes twice', () => {
    const xactId = insert({ id: 'a', input: 1 }, { id: 'a', _is_merge: true, output: 2 });
    expect(row('a')).toMatchObject({ input: 1, output: 2, _xact_id: xactId });
    expect(plane.history).toMatchObject([{ id: 'a', xactId, deleted: false, shown: true }]);
  });

  it('with _object_delete hides the row; an unknown id is accepted too', async () => {
    insert({ id: 'a' }, { id: 'b' });
    const body = { events: ['a', 'nobody'].map((id) => ({ id, _object_delete: true })) };
    const reply = await postTo(plane, `/v1/project_logs/${projectId}/insert`, { body });
    expect(reply.body).toEqual({ row_ids: ['a', 'nobody'] });
    expect(live().map((one) => one['id'])).toEqual(['b']);
    expect(plane.history.filter((version) => version.deleted).map(({ id }) => id)).toEqual([
      'a',
      'nobody',
    ]);
    insert({ id: 'a', input: 'again' });
    expect(row('a')).toMatchObject({ input: 'again' });
  });

  it('is one transaction for all objects of /logs3', async () => {
    const datasetId = plane.createDataset(projectId, 'd').id;
    const experimentId = plane.createExperiment(projectId, 'e').id;
    const rows = [
      { id: 'a', project_id: projectId, log_id: 'g' },
      { id: 'b', dataset_id: datasetId },
      { id: 'c', experiment_id: experimentId },
    ];
    const { status, body } = await postTo(plane, '/logs3', { body: { rows, api_version: 2 } });
    expect([status, body['ids']]).toEqual([200, ['a', 'b', 'c']]);
    expect(new Set(plane.history.map(({ xactId }) => xactId)).size).toBe(1);
    expect(plane.liveRows('dataset', datasetId)[0]).toMatchObject({
      id: 'b',
      dataset_id: datasetId,
    });
    expect(plane.liveRows('experiment', experimentId)[0]).toMatchObject({ project_id: projectId });
  });

  it.each([
    [{ id: 'x', _xact_id: '1' }, 400, '_xact_id'],
    [{ id: 'x', audit_data: [] }, 400, 'audit_data'],
    [{ id: 'x', surprise: 1 }, 400, 'surprise'],
    [{ id: 7 }, 400, 'id'],
    [{ id: 'x', _merge_paths: 'metadata' }, 400, '_merge_paths'],
    [{ id: 'x', comment: { text: 'hi' } }, 400, 'origin'],
    [{ id: 'x', _parent_id: 'y' }, 501, '_parent_id'],
  ])('with the event %j writes nothing at all', async (event, status, name) => {
    const body = { events: [{ id: 'fine' }, event] };
    const reply = await postTo(plane, `/v1/project_logs/${projectId}/insert`, { body });
    expect(reply.status).toBe(status);
    expect(reply.text).toContain(name);
    expect(plane.history).toEqual([]);
  });

  it('holds 65,536 rows and not one more', () => {
    const rows = Array.from({ length: 65_537 }, (_, i) => ({ id: String(i) }));
    expect(() => insert(...rows.slice(0, 65_536))).not.toThrow();
    expect(() => plane.insert('project_logs', projectId, rows)).toThrow(/65536/u);
    expect(live()).toHaveLength(65_536);
  });
});

describe('feedback', () => {
  it('merges scores and adds the comment in one new version', async () => {
    insert({ id: 'a', scores: { first: 0 } });
    const feedback = [
      { id: 'a', scores: { human: 1 }, comment: 'good', source: 'app', metadata: { user: 'u' } },
    ];
    const path = `/v1/project_logs/${projectId}/feedback`;
    const { body } = await postTo(plane, path, { body: { feedback } });
    expect(body).toEqual({ status: 'success' });
    expect(row('a')).toMatchObject({
      scores: { first: 0, human: 1 },
      comments: [{ comment: { text: 'good' }, source: 'app', metadata: { user: 'u' } }],
    });
  });
});

describe('a held transaction', () => {
  it('has its id from the beginning and its rows from when it is surfaced', async () => {
    const held = plane.insert('project_logs', projectId, [{ id: 'late' }], { held: true });
    await clock.advance(5000);
    const visible = insert({ id: 'early' });
    expect(live().map((one) => one['id'])).toEqual(['early']);
    expect(held.xactId < visible).toBe(true);
    const { body } = await ask(plane, `from: project_logs('${projectId}')`);
    expect(body['freshness_state']).toMatchObject({ last_considered_xact_id: visible });
    plane.control.surface(held.xactId);
    expect(live().map((one) => one['id'])).toEqual(['late', 'early']);
  });

  it('does not undo what was written after it', () => {
    insert({ id: 'a', input: 1 }, { id: 'b' });
    plane.control.holdTransactions(1);
    insert({ id: 'a', input: 2 }, { id: 'b', input: 2 });
    insert({ id: 'a', input: 3 }, { id: 'b', _object_delete: true });
    plane.control.surface();
    expect(live()).toMatchObject([{ id: 'a', input: 3 }]);
    expect(plane.history.map(({ shown }) => shown)).toEqual([true, true, true, true, false, false]);
  });

  it('may be stamped with any time', () => {
    const { xactId } = plane.insert('project_logs', projectId, [{ id: 'old' }], {
      at: new Date('2025-01-01T00:00:00Z'),
    });
    expect(Math.floor(transactionOf(xactId) / 65_536)).toBe(1_735_689_600);
    expect(row('old')).toMatchObject({ created: '2025-01-01T00:00:00.000Z' });
  });
});

describe('pagination keys', () => {
  it('can be null, repeated or back-dated', () => {
    plane.control.rewritePaginationKeys(() => null);
    insert({ id: 'none' });
    plane.control.rewritePaginationKeys(() => 'p00000000000000000007');
    insert({ id: 'same' }, { id: 'again' });
    plane.control.rewritePaginationKeys(null);
    insert({ id: 'old', _bt_internal_override_pagination_key: 'p00000000000000000001' });
    const keys = new Map(live().map((one) => [one['id'], one['_pagination_key']]));
    expect(Object.fromEntries(keys)).toEqual({
      none: null,
      same: 'p00000000000000000007',
      again: 'p00000000000000000007',
      old: 'p00000000000000000001',
    });
  });
});
