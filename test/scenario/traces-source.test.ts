import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { secondsOfXactId } from '../../src/braintrust/query/xact.js';
import type { Cursor, Page, Row } from '../../src/interfaces/index.js';
import { lastCursor, readPages, rowsOf, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';
import {
  liveTracesOf,
  traceRowsOf,
  traces,
  traceVersionsOf,
  writeSpans,
} from '../support/traces.js';
import type { SpanWrite } from '../support/traces.js';

const DAY = 86_400;
const LONG = 'a long text '.repeat(200);

let world: SpansWorld;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  projectId = world.plane.createProject('first').id;
});

afterEach(async () => {
  await world.plane.close();
});

const write = (...spans: SpanWrite[]): void => writeSpans(world, projectId, spans);
const root = (trace: string): SpanWrite => ({ trace, span: trace });

/** What a reader that knows repeats keeps of the next reads. */
class Reader {
  readonly rows: Row[] = [];
  cursor: Cursor | null = null;
  readonly #known = new Set<string>();

  async read(options: Parameters<typeof traces>[1] = {}): Promise<string[]> {
    const pages = await readPages(traces(world, { projectId, ...options }), this.cursor);
    this.cursor = lastCursor(pages, this.cursor);
    return pages.flatMap((page) => this.#take(page));
  }

  #take(page: Page): string[] {
    const versions = traceVersionsOf([page]);
    const fresh = versions.filter((version, index) => {
      const isKnown = this.#known.has(version);
      expect(isKnown && index >= (page.repeats ?? 0), `${version} came twice`).toBe(false);
      this.#known.add(version);
      return !isKnown;
    });
    this.rows.push(...rowsOf(page).filter((_, index) => fresh.includes(versions[index] ?? '')));
    return fresh;
  }
}

describe('a trace', () => {
  it('is one row: the summary with values in full, under the highest of its transactions', async () => {
    write({ ...root('t'), input: LONG, metadata: { model: 'm', text: LONG } });
    world.pass(1);
    write({ trace: 't', span: 'a', scores: { good: 0.5 }, metrics: { prompt_tokens: 7 } });
    world.pass(200);
    const reader = new Reader();
    expect(await reader.read()).toEqual(liveTracesOf(world, projectId));
    expect(reader.rows).toEqual(await traceRowsOf(world, projectId, false));
    expect(reader.rows[0]).toMatchObject({
      id: 't/t',
      root_span_id: 't',
      project_id: projectId,
      input: LONG,
      metadata: { text: LONG },
      scores: { good: 0.5 },
      metrics: { prompt_tokens: 7, total_tokens: 7 },
    });
  });

  it('is given once, however many of its spans changed in a window', async () => {
    for (let part = 0; part < 5; part += 1) {
      write({ trace: 't', span: part === 0 ? 't' : `s${part}` }, { trace: `u${part}`, span: 'x' });
      world.pass(400);
    }
    expect(await new Reader().read()).toHaveLength(6);
  });

  it('whose spans come in several windows, out of order and months apart, comes again each time', async () => {
    const reader = new Reader();
    const given: string[] = [];
    for (const span of ['late-child', 't', 'early-child', 'score']) {
      write({ trace: 't', span, created: '2026-02-01T00:00:00.000Z' });
      world.pass(60 * DAY);
      given.push(...(await reader.read({ spans: true })));
      expect(given.at(-1)).toBe(liveTracesOf(world, projectId)[0]);
      expect(reader.rows.at(-1)).toEqual((await traceRowsOf(world, projectId, true))[0]);
    }
    expect(new Set(given).size).toBe(4);
  });

  it('is not there before it has rested', async () => {
    write(root('t'));
    world.pass(149);
    const reader = new Reader();
    expect(await reader.read()).toEqual([]);
    write({ trace: 't', span: 'a' });
    world.pass(149);
    expect(await reader.read()).toEqual([]);
    world.pass(3);
    expect(await reader.read()).toEqual(liveTracesOf(world, projectId));
  });

  it('without a root is there with no id, and with its root later', async () => {
    write({ trace: 't', span: 'b', created: '2026-02-01T00:00:02.000Z' });
    write({ trace: 't', span: 'a', created: '2026-02-01T00:00:01.000Z' });
    world.pass(200);
    const reader = new Reader();
    await reader.read();
    expect(reader.rows).toEqual([
      {
        id: null,
        _xact_id: liveTracesOf(world, projectId)[0]?.slice(2),
        created: '2026-02-01T00:00:01.000Z',
        project_id: projectId,
        root_span_id: 't',
      },
    ]);
    write({ ...root('t'), input: 'the question' });
    world.pass(200);
    await reader.read();
    expect(reader.rows[1]).toMatchObject({ id: 't/t', input: 'the question' });
  });

  it('holds its spans in full, by time and id, when asked', async () => {
    const created = '2026-02-01T00:00:02.000Z';
    write({ trace: 't', span: 'b', created, output: LONG }, { trace: 't', span: 'a', created });
    write({ ...root('t'), created: '2026-02-01T00:00:01.000Z' });
    world.pass(200);
    const reader = new Reader();
    await reader.read({ spans: true });
    expect(reader.rows).toEqual(await traceRowsOf(world, projectId, true));
    const spans = reader.rows[0]?.['spans'] as Row[];
    expect(spans.map((span) => span['id'])).toEqual(['t/t', 't/a', 't/b']);
  });

  it('that lost its newest span before it was exported counts as of its newest one left', async () => {
    write(root('t'));
    world.pass(100);
    write({ trace: 't', span: 'a' });
    world.pass(60);
    const reader = new Reader();
    expect(await reader.read()).toEqual([]);
    world.plane.insert('project_logs', projectId, [{ id: 't/a', _object_delete: true }]);
    world.pass(200);
    expect(await reader.read()).toEqual(liveTracesOf(world, projectId));
  });
});

describe('a trace that never rests', () => {
  /** Writes the root again every ten seconds, and reads every two minutes. */
  async function live(reader: Reader, seconds: number): Promise<string[]> {
    const given: string[] = [];
    for (let second = 0; second < seconds; second += 10) {
      write({ ...root('t'), output: second });
      world.pass(10);
      if (second % 120 === 110) given.push(...(await reader.read({ maxOpenMs: 600_000 })));
    }
    return given;
  }

  it('is given as it is within `maxOpenMs` of a change, and not at each read', async () => {
    write({ trace: 't', span: 'child' });
    const reader = new Reader();
    const given = await live(reader, 3_600);
    expect(given.length).toBeGreaterThanOrEqual(6);
    expect(given.length).toBeLessThanOrEqual(12);
    const born = Number(world.plane.history[0] && secondsOfXactId(world.plane.history[0].xactId));
    const [first = ''] = given;
    expect(secondsOfXactId(first.slice(2)) - born).toBeLessThanOrEqual(600 + 120);
    world.pass(300);
    const last = await reader.read();
    expect(last).toEqual(liveTracesOf(world, projectId));
    expect([...given, ...last]).toEqual([...given, ...last].toSorted());
  });

  it('is not given before it rests with `maxOpenMs: Infinity`', async () => {
    write({ trace: 't', span: 'child' });
    const reader = new Reader();
    for (let round = 0; round < 20; round += 1) {
      write(root('t'));
      world.pass(120);
      write(root('t'));
      expect(await reader.read({ maxOpenMs: Infinity })).toEqual([]);
    }
  });

  it('is given once by a sweep that goes on after any row', async () => {
    for (let trace = 0; trace < 7; trace += 1) write({ trace: `t${trace}`, span: 'child' });
    world.pass(4_000);
    for (let trace = 0; trace < 7; trace += 1) write(root(`t${trace}`));
    const source = traces(world, { projectId });
    const whole = traceVersionsOf(await readPages(source));
    expect(whole).toHaveLength(7);
    const found: string[] = [];
    let cursor: Cursor | null = null;
    for (let reads = 0; reads < 20; reads += 1) {
      for await (const page of source.read({ cursor, pageSize: 3 })) {
        const [row] = rowsOf(page);
        cursor = row === undefined ? page.cursor : (page.cursorAfter?.(0) ?? page.cursor);
        if (row === undefined) continue;
        found.push(...traceVersionsOf([{ ...page, rows: [row] }]));
        break;
      }
    }
    expect(found).toEqual(whole);
  });
});

/** The client of the world; `before` is called before each query that reads summaries. */
function watchedClient(before: () => void): BraintrustClient {
  const { client } = world;
  return {
    ...client,
    apiUrl: client.apiUrl,
    get: client.get.bind(client),
    query: async (query, options) => {
      if (JSON.stringify(query).includes('"shape":"summary"')) before();
      return await client.query(query, options);
    },
  };
}

describe('while traces are read', () => {
  it('one that changes after it was chosen is left for the read that finds that change', async () => {
    write(root('still'), root('moving'));
    world.pass(200);
    const reader = new Reader();
    const client = watchedClient(() => write({ trace: 'moving', span: 'new' }));
    const first = await reader.read({ client });
    expect(first.map((version) => version.split('@')[0])).toEqual(['still']);
    world.pass(200);
    expect(await reader.read()).toEqual(
      liveTracesOf(world, projectId).filter((version) => version.startsWith('moving')),
    );
  });

  it('one that is deleted is left out', async () => {
    write(root('still'), root('gone'));
    world.pass(200);
    const client = watchedClient(() => {
      world.plane.insert('project_logs', projectId, [{ id: 'gone/gone', _object_delete: true }]);
    });
    const given = await new Reader().read({ client });
    expect(given).toEqual(liveTracesOf(world, projectId));
  });

  it('fewer are asked for when the service cannot answer so many', async () => {
    for (let trace = 0; trace < 30; trace += 1) write(root(`t${trace}`));
    world.pass(200);
    world.plane.control.timeOutAbove(4);
    expect(await new Reader().read()).toEqual(liveTracesOf(world, projectId));
  });

  it('fewer are asked for when an answer is larger than the client takes', async () => {
    const small = await startWorld();
    try {
      const id = small.plane.createProject('first').id;
      for (let trace = 0; trace < 12; trace += 1)
        writeSpans(small, id, [{ ...root(`t${trace}`), input: 'x'.repeat(20_000) }]);
      small.pass(200);
      const { quickClient } = await import('../support/braintrust.js');
      const { url, apiKey } = small.plane;
      const client = quickClient(url, { apiKey, maxAnswerBytes: 70_000 });
      for (const spans of [false, true]) {
        const pages = await readPages(traces(small, { client, projectId: id, spans }));
        expect(traceVersionsOf(pages)).toEqual(liveTracesOf(small, id));
      }
    } finally {
      await small.plane.close();
    }
  });
});

describe('several projects', () => {
  it('may have traces of one id, each is given for itself', async () => {
    const second = world.plane.createProject('second').id;
    for (const id of [projectId, second]) writeSpans(world, id, [root('same'), root(`own ${id}`)]);
    for (let span = 0; span < 12; span += 1)
      writeSpans(world, second, [{ trace: 'same', span: `s${span}` }]);
    world.pass(200);
    const pages = await readPages(traces(world, { projectIds: [projectId, second] }));
    const given = pages.flatMap(rowsOf).map((row) => [row['project_id'], row['root_span_id']]);
    expect(given).toHaveLength(4);
    expect(new Set(given.map(String)).size).toBe(4);
    const versions = traceVersionsOf(pages).sort();
    const live = [...liveTracesOf(world, projectId), ...liveTracesOf(world, second)];
    expect(versions).toEqual(live.sort());
  });

  it('are read without one that may not be read, when that is asked for', async () => {
    write(root('t'));
    world.pass(200);
    const projectIds = [projectId, '00000000-0000-4000-8000-000000000000'];
    await expect(readPages(traces(world, { projectIds }))).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
    const pages = await readPages(traces(world, { projectIds, onProjectError: 'continue' }));
    expect(traceVersionsOf(pages)).toEqual(liveTracesOf(world, projectId));
  });
});

describe('bounds and filter', () => {
  it('leave out traces that changed last before `from`, or at `until` or later', async () => {
    const times: Date[] = [];
    for (const trace of ['a', 'b', 'c']) {
      times.push(new Date(world.clock.nowMs));
      write(root(trace), { trace: 'over', span: `s-${trace}` });
      world.pass(1_000);
    }
    const [, from, last] = times;
    const until = new Date(Math.floor(Number(last) / 1_000) * 1_000);
    const given = await new Reader().read({ from, until });
    expect(given.map((version) => version.split('@')[0])).toEqual(['b']);
  });

  it('give the traces that the service says meet the filter', async () => {
    write(root('bad'), { trace: 'bad', span: 'x', error: 'broken' }, root('good'));
    world.pass(200);
    const given = await new Reader().read({ filter: 'any_span(error is not null)' });
    expect(given.map((version) => version.split('@')[0])).toEqual(['bad']);
  });

  it('are told by the probe when the service refuses them', async () => {
    const steps: unknown[] = [];
    const source = traces(world, { projectId, filter: 'no_such_function(1)' });
    for await (const step of source.probe?.() ?? []) steps.push([step.step, step.outcome]);
    expect(steps).toContainEqual(['query', 'passed']);
    expect(steps).toContainEqual(['summary', 'failed']);
  });
});

describe('tracesSource refuses', () => {
  it('wrong options, all in one message', () => {
    const make = (): unknown =>
      traces(world, { projectId, idleMs: -1, maxOpenMs: 5, columns: ['id'] } as never);
    expect(make).toThrow(/`idleMs`.*`maxOpenMs`.*`columns` is not an option/);
  });

  it('the cursor of a source of spans', async () => {
    const [page] = await readPages(world.source({ projectId }));
    const failed = readPages(traces(world, { projectId }), page?.cursor ?? null);
    await expect(failed).rejects.toMatchObject({ code: 'SOURCE_CURSOR_INVALID' });
  });
});
