import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { manualClock, paginationKeyOf, startDataPlane, xactIdOf } from 'tracehaul/testing';
import type { DataPlane } from 'tracehaul/testing';

import { ask } from '../support/plane-client.js';
import type { PlaneReply } from '../support/plane-client.js';

interface Recorded {
  readonly logRowKeys: readonly string[];
  readonly answerKeys: readonly string[];
  readonly headers: readonly string[];
  readonly freshnessKeys: readonly string[];
  readonly realtimeKeys: readonly string[];
  readonly warningKeys: readonly string[];
  readonly row: {
    readonly time: string;
    readonly counter: number;
    readonly xactId: string;
    readonly paginationKey: string;
    readonly rowIndex: number;
  };
  readonly cursor: {
    readonly text: string;
    readonly firstTransactionTime: string;
    readonly counter: number;
    readonly rowIndex: number;
  };
  readonly audit: {
    readonly keys: readonly string[];
    readonly first: object;
    readonly source: string;
  };
  readonly aggregate: { readonly query: string; readonly keys: readonly string[] };
  readonly sortedQuery: string;
  readonly unsortedQuery: string;
  readonly unsortedRowKeys: readonly string[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/recorded-service.json', import.meta.url), 'utf8'),
) as Recorded;

/** The transaction number of a time and a counter. */
const transaction = (time: string, counter: number): number =>
  (Date.parse(time) / 1000) * 65_536 + counter;
const keysOf = (value: unknown): string[] => Object.keys(value as object);

let plane: DataPlane;
let projectId: string;
const { row, cursor } = recorded;

/** Writes so many rows in the transaction that the recording had. */
function insertRecorded(): void {
  plane.control.nextTransaction({ time: new Date(row.time), counter: row.counter });
  const rows = Array.from({ length: row.rowIndex + 1 }, (_, i) => ({
    id: `row-${i}`,
    root_span_id: 'root',
    span_attributes: { name: 'streaming', type: 'task' },
  }));
  plane.insert('project_logs', projectId, rows);
}

function askRecorded(query: string): Promise<PlaneReply> {
  return ask(plane, query.replace('{id}', projectId).replace('{root}', 'root'));
}

beforeEach(async () => {
  plane = await startDataPlane({ clock: manualClock({ now: new Date(row.time) }) });
  projectId = plane.createProject('recorded').id;
});
afterEach(() => plane.close());

describe('the plane speaks as the recorded service:', () => {
  it('ids and keys of the same moment are the same', () => {
    const number = transaction(row.time, row.counter);
    expect(xactIdOf(number)).toBe(row.xactId);
    expect(paginationKeyOf(number, row.rowIndex)).toBe(row.paginationKey);
    insertRecorded();
    const rows = plane.liveRows('project_logs', projectId);
    expect(rows.every((one) => one['_xact_id'] === row.xactId)).toBe(true);
    expect(rows.map((one) => one['_pagination_key'])).toContain(row.paginationKey);
  });

  it('the cursor of the same last row is the same, in the body and in the header', async () => {
    const { firstTransactionTime, counter } = cursor;
    plane.control.nextTransaction({ time: new Date(firstTransactionTime), counter });
    plane.insert('project_logs', projectId, [
      { id: 'a', root_span_id: 'root' },
      { id: 'b', root_span_id: 'root' },
    ]);
    const { body, headers } = await askRecorded(recorded.unsortedQuery);
    expect(body.cursor).toBe(cursor.text);
    expect(headers.get('x-bt-cursor')).toBe(cursor.text);
    expect(body.data.map(keysOf)).toEqual([recorded.unsortedRowKeys, recorded.unsortedRowKeys]);
  });

  it('a sort by created gives no cursor', async () => {
    insertRecorded();
    const { body, headers } = await askRecorded(recorded.sortedQuery);
    expect(body.data).toHaveLength(row.rowIndex + 1);
    expect([body.cursor, headers.get('x-bt-cursor')]).toEqual([undefined, null]);
  });

  it('answers, rows, states, warnings and audit entries have the same keys', async () => {
    insertRecorded();
    const { body } = await askRecorded(recorded.sortedQuery);
    expect(keysOf(body).sort()).toEqual(recorded.answerKeys);
    expect(body.data.map(keysOf)).toEqual(body.data.map(() => recorded.logRowKeys));
    expect(keysOf(body['freshness_state']).sort()).toEqual(recorded.freshnessKeys);
    expect(keysOf(body['realtime_state']).sort()).toEqual(recorded.realtimeKeys);
    const schema = body['schema'] as { items: { properties: object } };
    expect(keysOf(schema.items.properties)).toEqual(recorded.logRowKeys);
    const [entry] = (body.data[0]?.['audit_data'] ?? []) as readonly object[];
    expect(keysOf(entry ?? {}).sort()).toEqual(recorded.audit.keys);
    expect(entry).toMatchObject({
      audit_data: recorded.audit.first,
      source: recorded.audit.source,
    });
  });

  it('a query without a range is answered and warned of', async () => {
    const datasetId = plane.createDataset(projectId, 'd').id;
    const query = recorded.aggregate.query.replace('{id}', datasetId);
    const { body } = await ask(plane, query);
    expect(body.data.map(keysOf)).toEqual([recorded.aggregate.keys]);
    expect((body['warnings'] as object[]).map((warning) => keysOf(warning).sort())).toEqual([
      recorded.warningKeys,
    ]);
  });

  it('the headers are there, and the Date is that of the plane', async () => {
    const { headers } = await askRecorded(recorded.sortedQuery);
    expect([...headers.keys()]).toEqual(expect.arrayContaining([...recorded.headers]));
    expect(headers.get('date')).toBe(new Date(row.time).toUTCString());
    const seconds = (Date.parse(row.time) / 1000).toString(16);
    expect(headers.get('x-bt-internal-trace-id')).toMatch(
      new RegExp(`^${seconds}0{8}[0-9a-f]{16}$`, 'u'),
    );
  });
});
