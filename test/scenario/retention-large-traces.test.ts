import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { xactIdAt } from '../../src/braintrust/query/xact.js';
import { UNIT_MAX_ROWS } from '../../src/braintrust/retention/read-by-id.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { RetentionScope, TargetReader } from '../../src/interfaces/index.js';
import { quickClient } from '../support/braintrust.js';
import { batchOf, readUnitPages } from '../support/retention.js';
import { startScriptedServer } from '../support/scripted-server.js';
import type { Reply, ScriptedServer } from '../support/scripted-server.js';

interface Condition {
  readonly op: string;
  readonly left: { readonly name: readonly string[] };
  readonly right: { readonly value: unknown };
}

interface Query {
  readonly filter: { readonly children: readonly Condition[] };
  readonly limit: number;
}

/** How many spans each trace has. */
type Sizes = ReadonlyMap<string, number>;

const SCOPE: RetentionScope = {
  unit: 'trace',
  cutoff: new Date('2026-01-01'),
  before: new Date('2026-01-02'),
  holds: [],
};

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});

afterEach(() => server.close());

/** A service whose traces have so many spans; a scan meets the last span of each. */
async function openOver(sizes: Sizes): Promise<TargetReader> {
  server.script(answerOver(sizes));
  const client = quickClient(server.url);
  return await projectLogs({ client, projectId: 'p' }).open(SCOPE, {});
}

function answerOver(sizes: Sizes): Reply {
  return (response, { body }) => {
    const { query } = JSON.parse(body) as { query: Query };
    const data = rowsOf(sizes, query);
    response.writeHead(200, { 'content-type': 'application/json', date: new Date().toUTCString() });
    response.end(JSON.stringify({ data }));
  };
}

function rowsOf(sizes: Sizes, { filter, limit }: Query): readonly object[] {
  const roots = filter.children.find(({ op }) => op === 'in')?.right.value;
  if (roots === undefined) return isFirstPage(filter.children) ? [...sizes.keys()].map(rowOf) : [];
  const after = filter.children.find(({ op, left }) => op === 'gt' && left.name[0] === 'id');
  const [lastRoot = '', lastIndex = '0'] = ((after?.right.value ?? '') as string).split('-');
  const rows: object[] = [];
  for (const root of (roots as string[]).sort()) {
    if (root < lastRoot) continue;
    const begin = root === lastRoot ? Number(lastIndex) + 1 : 0;
    for (let index = begin; index < (sizes.get(root) ?? 0) && rows.length < limit; index += 1)
      rows.push({ ...rowOf(root), id: idOf(root, index) });
  }
  return rows;
}

function idOf(root: string, index: number): string {
  return index === 0 ? root : `${root}-${String(index).padStart(6, '0')}`;
}

function isFirstPage(conditions: readonly Condition[]): boolean {
  return !conditions.some(({ op }) => op === 'or');
}

function rowOf(root: string): object {
  return {
    id: root,
    _xact_id: xactIdAt(1_700_000_000),
    created: '2023-11-14T00:00:00Z',
    root_span_id: root,
    span_id: root,
    is_root: true,
    project_id: 'p',
    tags: null,
  };
}

/** Requests for the rows of traces, without those of the scan. */
function traceRequests(): readonly (readonly string[])[] {
  return server.received.flatMap(({ body }) => {
    const { filter } = (JSON.parse(body) as { query: Query }).query;
    const roots = filter.children.find(({ op }) => op === 'in')?.right.value;
    return roots === undefined ? [] : [roots as readonly string[]];
  });
}

describe('a trace', () => {
  it('with as many rows as one may have is whole', async () => {
    const reader = await openOver(new Map([['t', UNIT_MAX_ROWS]]));
    const [page] = await readUnitPages(reader);
    expect(page?.units[0]?.rows).toHaveLength(UNIT_MAX_ROWS);
    expect(page?.units[0]?.isTooLarge).toBe(false);
  });

  it('with one more is cut and says so, and the next one is whole', async () => {
    const reader = await openOver(
      new Map([
        ['t', UNIT_MAX_ROWS + 1],
        ['u', 2],
      ]),
    );
    const units = (await readUnitPages(reader)).flatMap((page) => page.units);
    expect(units.map(({ id, isTooLarge, rows }) => [id, isTooLarge, rows.length])).toEqual([
      ['t', true, UNIT_MAX_ROWS],
      ['u', false, 2],
    ]);
    const reread = await reader.reread(batchOf(...units), {});
    expect(reread.units.map(({ id, isTooLarge }) => [id, isTooLarge])).toEqual([
      ['t', true],
      ['u', false],
    ]);
  });
});

describe('traces', () => {
  it('that are too many rows together are read in smaller groups, and each page has a cursor of its own', async () => {
    const sizes = new Map(['a', 'b', 'c'].map((root) => [root, 40_000]));
    const reader = await openOver(sizes);
    const pages = await readUnitPages(reader);
    expect(pages.flatMap(({ units }) => units.map(({ id }) => id))).toEqual(['a', 'b', 'c']);
    expect(pages.length).toBeGreaterThan(1);
    expect(new Set(pages.map(({ cursor }) => cursor)).size).toBe(pages.length);
    expect(pages.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBe(3);
    for (const { units } of pages) {
      const rows = units.reduce((sum, unit) => sum + unit.rows.length, 0);
      expect(rows).toBeLessThanOrEqual(UNIT_MAX_ROWS);
    }
  });

  it('are asked for together', async () => {
    const roots = Array.from({ length: 600 }, (_, index) => `t${String(index).padStart(3, '0')}`);
    const reader = await openOver(new Map(roots.map((root) => [root, 1])));
    const pages = await readUnitPages(reader);
    expect(pages.map(({ units }) => units.length)).toEqual([600]);
    expect(new Set(traceRequests().map(String))).toEqual(new Set([String(roots)]));
  });
});
