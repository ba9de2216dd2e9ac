import { describe, expect, it } from 'vitest';

import type { CursorStore, ProbeStep } from 'tracehaul';
import { memorySink } from 'tracehaul/testing';

import { BUCKET } from '../support/double-fixture.js';
import type { DoubleRequest, S3Double, S3Fault } from '../support/s3-double/index.js';
import {
  faultOnce,
  hangOn,
  openSaved,
  openStore,
  operationsOf,
  rejectionOf,
} from '../support/s3-store-fixture.js';
import { tableExporter } from '../support/table-export.js';
import { filled } from '../support/table-world.js';

const TRIAL = '_cursors/probes/conditional-write';
const containing = (text: string): string => expect.stringContaining(text) as string;

/** Answers every write that the filter picks with a fault. */
function faultWrites(
  double: S3Double,
  fault: S3Fault,
  picks: (request: DoubleRequest) => boolean,
): void {
  double.intercept = (request) =>
    request.operation === 'PutObject' && picks(request) ? fault : null;
}

function lacking(fault: string): object {
  return {
    name: 'ConfigurationError',
    code: 'CAPABILITY_MISSING',
    message: containing(fault),
    remedy: expect.stringMatching(/another cursor store.*`singleWriter: true`/s) as string,
  };
}

const firstSave = (store: CursorStore): Promise<unknown> =>
  store.save('key', 1, { ifRevision: null });

async function probed(store: CursorStore): Promise<readonly ProbeStep[]> {
  const steps: ProbeStep[] = [];
  for await (const step of store.probe?.() ?? []) steps.push(step);
  return steps;
}

describe('the trial before the first save', () => {
  it('costs six requests in a new prefix, five ever after, and none for later saves', async () => {
    const { double, store, makeStore } = await openStore();
    const { revision } = await store.save('key', 1, { ifRevision: null });
    expect(operationsOf(double).filter((name) => name === 'PutObject')).toHaveLength(5);
    expect(double.requests).toHaveLength(7);
    double.clearRequests();
    await makeStore().save('other', 1, { ifRevision: null });
    expect(double.requests).toHaveLength(6);
    double.clearRequests();
    await store.save('key', 2, { ifRevision: revision });
    expect(operationsOf(double)).toEqual(['PutObject']);
  });

  it('costs seven requests where ETags have no quotes, and finds that out', async () => {
    const { double, store, makeStore } = await openStore({}, { etags: 'unquoted-if-match' });
    await store.save('key', 1, { ifRevision: null });
    double.clearRequests();
    const { revision } = await makeStore().save('other', 1, { ifRevision: null });
    expect(double.requests).toHaveLength(8);
    await store.save('other', 2, { ifRevision: revision });
    expect(double.requests.at(-1)?.headers['if-match']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('leaves one object, whatever the number of stores, and removes nothing', async () => {
    const { double, makeStore } = await openStore({}, {});
    double.deny({ action: 's3:DeleteObject' });
    const stores = Array.from({ length: 8 }, () => makeStore());
    await Promise.all(stores.map((each, at) => each.save(`key-${at}`, 1, { ifRevision: null })));
    const rest = [...double.bucket(BUCKET).objects().keys()].filter((key) => !/key-\d/.test(key));
    expect(rest).toEqual([TRIAL]);
  });

  it('is made once for saves at the same time', async () => {
    const { double, store } = await openStore();
    const keys = ['a', 'b', 'c', 'd'];
    await Promise.all(keys.map((key) => store.save(key, 1, { ifRevision: null })));
    expect(double.requests.filter(({ key }) => key === TRIAL)).toHaveLength(6);
  });

  it('is not needed to load or to list', async () => {
    const { double, store } = await openStore();
    await store.load('key');
    expect(operationsOf(double)).toEqual(['GetObject']);
  });

  it.each<S3Fault>([
    { kind: 'error', status: 503, code: 'SlowDown' },
    { kind: 'reset-after' },
    { kind: 'error', status: 409, code: 'ConditionalRequestConflict' },
  ])('that failed with %o saved nothing, and is made again', async (fault) => {
    const { double, store } = await openStore();
    faultOnce(double, 'PutObject', fault);
    expect(await rejectionOf(firstSave(store))).toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
      retryable: true,
    });
    expect(await store.load('key')).toBeNull();
    await firstSave(store);
  });

  it('that one caller gave up is made by the next who waits', async () => {
    const { double, store } = await openStore();
    const hanging = hangOn(double, 'PutObject');
    const reason = new Error('enough');
    const controller = new AbortController();
    const given = rejectionOf(store.save('a', 1, { ifRevision: null, signal: controller.signal }));
    await hanging;
    const waiting = store.save('b', 1, { ifRevision: null });
    controller.abort(reason);
    expect(await given).toBe(reason);
    await waiting;
    expect(await store.load('a')).toBeNull();
    expect((await store.load('b'))?.document).toBe(1);
  });
});

describe('a service without conditional writes', () => {
  it('that ignores them is refused, and nothing is saved', async () => {
    const { double, store } = await openStore({}, { conditionalWrites: 'ignored' });
    expect(await rejectionOf(firstSave(store))).toMatchObject(
      lacking('it replaces an object in spite of If-None-Match'),
    );
    expect([...double.bucket(BUCKET).objects().keys()]).toEqual([TRIAL]);
  });

  it('that says so is refused', async () => {
    const { store } = await openStore({}, { conditionalWrites: 'not-implemented' });
    expect(await rejectionOf(firstSave(store))).toMatchObject(lacking('NotImplemented'));
  });

  it('that ignores If-Match only is refused', async () => {
    const { double, store } = await openStore();
    faultWrites(double, { kind: 'lie' }, ({ headers }) => headers['if-match'] !== undefined);
    expect(await rejectionOf(firstSave(store))).toMatchObject(
      lacking('it replaces an object in spite of If-Match'),
    );
  });

  it('that knows no ETag of its own is refused', async () => {
    const { double, store } = await openStore();
    const refusal = { kind: 'error', status: 412, code: 'PreconditionFailed' } as const;
    faultWrites(double, refusal, ({ headers }) => headers['if-match'] !== undefined);
    expect(await rejectionOf(firstSave(store))).toMatchObject(
      lacking('it refuses If-Match with the ETag that it gave itself'),
    );
  });

  it('is not blamed for something else that it lacks', async () => {
    const { double, store } = await openStore();
    faultWrites(double, { kind: 'error', status: 501, code: 'NotImplemented' }, () => true);
    const error = await rejectionOf(firstSave(store));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'CAPABILITY_MISSING' });
    expect(String(error)).not.toMatch(/conditional|singleWriter/);
  });

  it('ends a run with that error, before anything is exported', async () => {
    const { store } = await openStore({}, { conditionalWrites: 'ignored' });
    const exporter = tableExporter({
      source: filled(3).source(),
      sink: memorySink(),
      cursorStore: store,
    });
    expect(await rejectionOf(exporter.run())).toMatchObject(lacking('If-None-Match'));
  });
});

describe('a single writer', () => {
  it('is named unsafe, and sends no precondition and no trial', async () => {
    const { double, store } = await openStore(
      { singleWriter: true },
      { conditionalWrites: 'not-implemented' },
    );
    expect(store.name).toBe('unsafe-s3');
    const { revision } = await store.save('key', 1, { ifRevision: null });
    await store.save('key', 2, { ifRevision: revision });
    expect(operationsOf(double)).toEqual(['GetObject', 'PutObject', 'GetObject', 'PutObject']);
    const stale = store.save('key', 3, { ifRevision: revision });
    expect(await rejectionOf(stale)).toMatchObject({ code: 'CHECKPOINT_CONFLICT' });
  });
});

describe('test()', () => {
  it('tries the list and the conditional writes', async () => {
    const { store } = await openStore();
    expect(await probed(store)).toMatchObject([
      { step: 'store-bucket', outcome: 'passed', detail: containing(`${BUCKET}/_cursors`) },
      { step: 'store-conditional-write', outcome: 'passed', detail: containing('quoted ETags') },
    ]);
  });

  it('says what is missing, and what to do', async () => {
    const { double, store } = await openStore({}, { conditionalWrites: 'ignored' });
    double.deny({ action: 's3:ListBucket' });
    expect(await probed(store)).toMatchObject([
      { step: 'store-bucket', outcome: 'failed', remedy: containing('Allow s3:ListBucket') },
      { step: 'store-conditional-write', outcome: 'failed', remedy: containing('singleWriter') },
    ]);
  });

  it('tells a single writer whether the declaration is needed', async () => {
    const { store } = await openSaved({ singleWriter: true });
    expect((await probed(store))[1]).toMatchObject({
      outcome: 'passed',
      detail: containing('`singleWriter` can be left out'),
    });
    const other = await openStore({ singleWriter: true }, { conditionalWrites: 'ignored' });
    expect((await probed(other.store))[1]).toMatchObject({
      outcome: 'skipped',
      detail: containing('A single writer is declared'),
    });
  });
});
