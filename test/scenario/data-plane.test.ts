import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, DataPlaneOptions } from 'tracehaul/testing';

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly data: readonly Record<string, unknown>[];
    readonly cursor?: string;
    readonly [key: string]: unknown;
  };
}

let plane: DataPlane;
let projectId: string;
const clock = manualClock({ now: new Date('2026-03-01T12:00:00Z') });

async function restart(options: DataPlaneOptions = {}): Promise<void> {
  await plane.close();
  plane = await startDataPlane({ clock, ...options });
  projectId = plane.createProject('checkout').id;
}

async function post(path: string, body: unknown, key = plane.apiKey): Promise<Reply> {
  const response = await fetch(plane.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const json =
    response.headers.get('content-type')?.includes('json') === true && text.startsWith('{');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (json ? JSON.parse(text) : {}) as Reply['body'],
  };
}

const query = (text: unknown, more: object = {}): Promise<Reply> =>
  post('/btql', { query: text, ...more });

beforeEach(async () => {
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
});
afterEach(() => plane.close());

describe('queries', () => {
  it('give the rows that were inserted, with every key present and in order', async () => {
    const { xactId } = plane.insert('project_logs', projectId, [{ id: 'a', input: { n: 1 } }]);
    const { status, body } = await query(
      `select: * | from: project_logs('${projectId}') | limit: 5`,
    );
    expect(status).toBe(200);
    expect(body.data).toEqual(plane.liveRows('project_logs', projectId));
    const [row = {}] = body.data;
    expect(Object.keys(row)).toHaveLength(27);
    expect(Object.keys(row)).toEqual(Object.keys(row).sort());
    expect(row).toMatchObject({ id: 'a', _xact_id: xactId, is_root: true, log_id: 'g' });
  });

  it('page by keyset through ties of one transaction without loss or repeat', async () => {
    plane.insert(
      'project_logs',
      projectId,
      Array.from({ length: 25 }, (_, i) => ({ id: `r${i}` })),
    );
    await clock.advance(5000);
    plane.insert('project_logs', projectId, [{ id: 'z' }]);
    const seen: string[] = [];
    let after = { xact: '0', id: '' };
    for (;;) {
      const { body } = await query({
        select: [{ op: 'star' }],
        from: {
          op: 'function',
          name: { op: 'ident', name: ['project_logs'] },
          args: [{ op: 'literal', value: projectId }],
          shape: 'spans',
        },
        filter: {
          btql: `_xact_id >= '${after.xact}' and (_xact_id > '${after.xact}' or id > '${after.id}')`,
        },
        sort: [
          { expr: { op: 'ident', name: ['_xact_id'] }, dir: 'asc' },
          { expr: { op: 'ident', name: ['id'] }, dir: 'asc' },
        ],
        limit: 7,
      });
      const last = body.data.at(-1);
      if (last === undefined) break;
      expect(body.cursor).toBeUndefined();
      seen.push(...body.data.map((row) => String(row['id'])));
      after = { xact: String(last['_xact_id']), id: String(last['id']) };
    }
    expect(seen).toHaveLength(26);
    expect(seen).toEqual([...Array.from({ length: 25 }, (_, i) => `r${i}`).sort(), 'z']);
  });
});

describe('a small restart', () => {
  it('keeps options apart', async () => {
    await restart({ requestsPerMinute: 1 });
    const text = `from: project_logs('${projectId}')`;
    expect((await query(text)).status).toBe(200);
    const refused = await query(text);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    await clock.advance(60_000);
    expect((await query(text)).status).toBe(200);
  });
});
