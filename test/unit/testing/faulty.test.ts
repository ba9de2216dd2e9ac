import { describe, expect, it } from 'vitest';

import type { ObjectHead, Page, Source } from 'tracehaul';
import {
  type FaultMode,
  faultPlan,
  faulty,
  memoryCursorStore,
  memorySink,
} from 'tracehaul/testing';

const HEAD: ObjectHead = {
  key: 'a/b',
  contentType: 'text/plain',
  exportId: 'prod',
  generation: 1,
  nonce: '0123456789abcdef',
  maxBytes: 100,
};

/** One object written, prepared and committed, and one save: eight effects. */
async function scenario(
  sink: ReturnType<typeof memorySink>,
  store: ReturnType<typeof memoryCursorStore>,
): Promise<void> {
  const writer = await sink.open(HEAD);
  await writer.write(Buffer.from('one'));
  const prepared = await writer.prepare();
  const { revision } = await store.save('k', { prepared: true }, { ifRevision: null });
  await sink.commit(prepared);
  await store.save('k', { prepared: false }, { ifRevision: revision });
  for await (const { key } of sink.list('')) await sink.head(key);
}

const EFFECTS = [
  'sink.open',
  'writer.write',
  'writer.prepare',
  'store.save',
  'sink.commit',
  'store.save',
  'sink.list',
  'sink.head',
];

describe('faulty', () => {
  it('counts and names every effect of all adapters of a plan', async () => {
    const plan = faultPlan();
    const sink = memorySink();
    await scenario(faulty(sink, plan), faulty(memoryCursorStore(), plan));
    expect(plan.effects).toEqual(EFFECTS);
    expect(plan.count).toBe(8);
    expect([...sink.objects.keys()]).toEqual(['a/b']);
  });

  it.each<[FaultMode, boolean]>([
    ['before', false],
    ['crash-before', false],
    ['after', true],
    ['crash-after', true],
  ])('in mode %s the effect happened: %s', async (mode, happened) => {
    const sink = memorySink();
    const plan = faultPlan({ at: 5, mode });
    await expect(scenario(faulty(sink, plan), faulty(memoryCursorStore(), plan))).rejects.toThrow(
      `injected fault: ${mode}, effect 5 (sink.commit)`,
    );
    expect(sink.objects.has('a/b')).toBe(happened);
    expect(plan.crashed).toBe(mode.startsWith('crash'));
  });

  it('lets nothing through after a crash, on any adapter of the plan', async () => {
    const error = new Error('dead');
    const plan = faultPlan({ at: 2, mode: 'crash-after', error });
    const sink = memorySink();
    const store = memoryCursorStore();
    const wrapped = faulty(sink, plan);
    const list = wrapped.list('')[Symbol.asyncIterator]();
    const writer = await wrapped.open(HEAD);
    await expect(writer.write(Buffer.from('x'))).rejects.toBe(error);
    await expect(writer.abort()).rejects.toBe(error);
    await expect(faulty(store, plan).save('k', 1, { ifRevision: null })).rejects.toBe(error);
    await expect(list.next()).rejects.toBe(error);
    expect(sink.stagedObjects).toBe(1);
    expect(await store.load('k')).toBeNull();
    expect(plan.count).toBe(2);
  });

  it('fails with the retryable error of the adapter, so many times in a row, for one effect name', async () => {
    const plan = faultPlan({ at: 1, times: 2, effect: 'store.save' });
    const store = faulty(memoryCursorStore(), plan);
    const save = (): Promise<unknown> => store.save('k', 1, { ifRevision: null });
    expect(await store.load('k')).toBeNull();
    const unavailable = { code: 'CHECKPOINT_UNAVAILABLE', retryable: true };
    await expect(save()).rejects.toMatchObject(unavailable);
    await expect(save()).rejects.toMatchObject(unavailable);
    await save();
  });

  it('holds an effect until it is released or aborted', async () => {
    const sink = memorySink();
    const plan = faultPlan({ at: 1, times: 2, mode: 'hold' });
    const wrapped = faulty(sink, plan);
    const controller = new AbortController();
    const reason = new Error('no patience');
    const put = wrapped.put('a', Buffer.from('a'));
    const aborted = wrapped.put('b', Buffer.from('b'), { signal: controller.signal });
    await plan.reached;
    expect(sink.objects.size).toBe(0);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await plan.release();
    expect(await put).toBe('created');
    expect([...sink.objects.keys()]).toEqual(['a']);
  });

  it('applies a late save only at release, and then against what is current', async () => {
    const store = memoryCursorStore();
    const plan = faultPlan({ at: 1, effect: 'store.save', mode: 'late' });
    const signal = AbortSignal.abort();
    const first = await store.save('k', 1, { ifRevision: null });
    const wrapped = faulty(store, plan);
    await expect(
      wrapped.save('k', 2, { ifRevision: first.revision, signal }),
    ).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
    });
    expect((await store.load('k'))?.document).toBe(1);
    await plan.release();
    expect((await store.load('k'))?.document).toBe(2);
  });

  it('counts each page of a source and closes it when one fails', async () => {
    let closed = false;
    const source: Source = {
      name: 'three',
      identity: null,
      rowIdentity: { object: null, id: 'id', version: 'v', created: null },
      async *read(): AsyncIterable<Page> {
        try {
          for (const cursor of ['1', '2', '3']) yield { rows: [], cursor };
        } finally {
          closed = true;
        }
      },
    };
    const plan = faultPlan({ at: 3, mode: 'before' });
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const page of faulty(source, plan).read({ cursor: null, pageSize: 1 }))
        seen.push(page.cursor);
    };
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(seen).toEqual(['1', '2']);
    expect(closed).toBe(true);
  });
});
