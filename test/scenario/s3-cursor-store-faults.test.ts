import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { CursorStore } from 'tracehaul';
import { manualClock } from 'tracehaul/testing';

import type { S3Double, S3Fault } from '../support/s3-double/index.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  documentIn,
  faultOnce,
  hangOn,
  openSaved,
  openStore,
  operationsOf,
  rejectionOf,
} from '../support/s3-store-fixture.js';

const UNKNOWN = { name: 'CheckpointError', code: 'CHECKPOINT_UNAVAILABLE' };
const CONFLICT = { name: 'CheckpointError', code: 'CHECKPOINT_CONFLICT' };

type Fault = readonly [fault: S3Fault, document: string, retryable: boolean];

const NO_SUCCESS: readonly Fault[] = [
  [{ kind: 'reset-before' }, 'before', true],
  [{ kind: 'reset-mid' }, 'before', true],
  [{ kind: 'reset-after' }, 'after', true],
  [{ kind: 'late' }, 'before', true],
  [{ kind: 'error', status: 503, code: 'SlowDown' }, 'before', true],
  [{ kind: 'error', status: 500, code: 'InternalError' }, 'before', true],
  [{ kind: 'error', status: 409, code: 'ConditionalRequestConflict' }, 'before', true],
  [{ kind: 'error', status: 403, code: 'QuotaExceeded' }, 'before', false],
  [{ kind: 'error-in-200', code: 'InternalError' }, 'before', true],
];

describe('a save that was not answered with success', () => {
  it.each(NO_SUCCESS)(
    'after %o leaves "%s" to load, is sent once, and is no conflict',
    async (fault, document, retryable) => {
      const fixture = await openSaved();
      const { double, store, revision } = fixture;
      faultOnce(double, 'PutObject', fault);
      const save = store.save('key', 'after', { ifRevision: revision });
      expect(await rejectionOf(save)).toMatchObject({ ...UNKNOWN, retryable });
      expect(operationsOf(double)).toEqual(['PutObject']);
      expect(await documentIn(fixture)).toBe(document);
    },
  );

  it.each(NO_SUCCESS)(
    'after %o is settled by another save over the same revision',
    async (fault) => {
      const { double, store, revision } = await openSaved();
      faultOnce(double, 'PutObject', fault);
      await rejectionOf(store.save('key', { writeId: 1 }, { ifRevision: revision }));
      const again = store.save('key', { writeId: 2 }, { ifRevision: revision });
      const outcome = await again.catch((error: unknown) => error);
      // What was first in the bucket stays: of the two, exactly one.
      await double.settleLate();
      const { document } = (await store.load('key')) ?? {};
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject(CONFLICT);
        expect(document).toEqual({ writeId: 1 });
      } else expect(document).toEqual({ writeId: 2 });
    },
  );

  it('is refused when it arrives after the next save was decided', async () => {
    const fixture = await openSaved();
    const { double, store, makeStore, revision } = fixture;
    faultOnce(double, 'PutObject', { kind: 'late' });
    await rejectionOf(store.save('key', 'late', { ifRevision: revision }));
    const second = await makeStore().save('key', 'second', { ifRevision: revision });
    await double.settleLate();
    expect(await store.load('key')).toEqual({ document: 'second', ...second });
  });

  it('is refused when it arrives after the document was deleted', async () => {
    const { double, store, makeStore, revision } = await openSaved();
    faultOnce(double, 'PutObject', { kind: 'late' });
    await rejectionOf(store.save('key', 'late', { ifRevision: revision }));
    await makeStore().delete('key', { ifRevision: revision });
    await double.settleLate();
    expect(await store.load('key')).toBeNull();
  });

  it('takes effect when it arrives late and nothing was decided', async () => {
    const fixture = await openSaved();
    const { double, store, revision } = fixture;
    faultOnce(double, 'PutObject', { kind: 'late' });
    await rejectionOf(store.save('key', 'late', { ifRevision: revision }));
    await double.settleLate();
    expect(await documentIn(fixture)).toBe('late');
    const over = store.save('key', 'again', { ifRevision: revision });
    expect(await rejectionOf(over)).toMatchObject(CONFLICT);
  });

  it('says so, too, for a first save and for a delete', async () => {
    const { double, store, revision } = await openSaved();
    for (const kind of ['reset-before', 'reset-after'] as const) {
      faultOnce(double, 'PutObject', { kind });
      expect(await rejectionOf(store.save(kind, 1, { ifRevision: null }))).toMatchObject(UNKNOWN);
    }
    expect(await store.load('reset-before')).toBeNull();
    expect((await store.load('reset-after'))?.document).toBe(1);
    faultOnce(double, 'PutObject', { kind: 'reset-after' });
    const deletion = store.delete('key', { ifRevision: revision });
    expect(await rejectionOf(deletion)).toMatchObject(UNKNOWN);
    expect(await store.load('key')).toBeNull();
  });

  it('ends at its time limit when the service does not answer', async () => {
    const clock = manualClock();
    const fixture = await openSaved({ runtime: clock, requestTimeoutMs: 5_000 });
    const { double, store, revision } = fixture;
    const hanging = hangOn(double, 'PutObject');
    const save = rejectionOf(store.save('key', 'after', { ifRevision: revision }));
    await hanging;
    await clock.advance(5_000);
    expect(await save).toMatchObject({ ...UNKNOWN, retryable: true });
    expect(clock.sleepers).toBe(0);
    expect(await documentIn(fixture)).toBe('before');
  });
});

describe('a service that lies', () => {
  it('about a success is found out by the next save, which conflicts', async () => {
    const { double, store, revision } = await openSaved();
    faultOnce(double, 'PutObject', { kind: 'lie' });
    const lied = await store.save('key', 'after', { ifRevision: revision });
    expect((await store.load('key'))?.document).toBe('before');
    const next = store.save('key', 'next', { ifRevision: lied.revision });
    expect(await rejectionOf(next)).toMatchObject({ ...CONFLICT, details: { current: revision } });
  });

  it('about a refusal makes no conflict: the revision is still there', async () => {
    const fixture = await openSaved();
    const { double, store, revision } = fixture;
    for (const [status, code] of [
      [412, 'PreconditionFailed'],
      [404, 'NoSuchKey'],
    ] as const) {
      faultOnce(double, 'PutObject', { kind: 'error', status, code });
      const save = store.save('key', 'after', { ifRevision: revision });
      expect(await rejectionOf(save)).toMatchObject({ ...UNKNOWN, retryable: true });
    }
    expect(await documentIn(fixture)).toBe('before');
    faultOnce(double, 'PutObject', { kind: 'error', status: 412, code: 'PreconditionFailed' });
    const creation = store.save('new', 1, { ifRevision: null });
    expect(await rejectionOf(creation)).toMatchObject({ ...UNKNOWN, retryable: true });
  });

  it('about a missing document is not believed unless it speaks as S3', async () => {
    const { double, store } = await openSaved();
    faultOnce(double, 'GetObject', { kind: 'error', status: 404, code: 'NotFound' });
    expect(await rejectionOf(store.load('key'))).toMatchObject(UNKNOWN);
  });
});

describe('a document whose object is gone', () => {
  it('conflicts with a save over its revision, and can be made anew', async () => {
    const { double, store, revision } = await openSaved();
    double.bucket('archive').remove('_cursors/key.json');
    const save = store.save('key', 'after', { ifRevision: revision });
    expect(await rejectionOf(save)).toMatchObject({ ...CONFLICT, details: { current: null } });
    await store.save('key', 'anew', { ifRevision: null });
  });
});

/** A proxy that sends every write twice and gives the second answer. */
async function repeatingProxy(double: S3Double): Promise<string> {
  const { hostname, port } = new URL(double.url);
  const server = createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const { method, url: path, headers } = incoming;
      let left = method === 'PUT' ? 2 : 1;
      const send = (): void => {
        left -= 1;
        const onward = forward({ hostname, port, method, path, headers }, (answer) => {
          if (left > 0) answer.resume().on('end', send);
          else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
        });
        onward.end(Buffer.concat(pieces));
      };
      send();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a proxy that sends every write twice', () => {
  it('makes no conflict of an own success, in the trial, in saves and in deletes', async () => {
    const { double, makeStore } = await openStore();
    const endpoint = await repeatingProxy(double);
    const clientConfig = clientConfigOf({ ...double, endpoint });
    // The proxy passes the host that was signed, as gateways do.
    const store: CursorStore = makeStore({ clientConfig });
    const first = await store.save('key', 1, { ifRevision: null });
    const second = await store.save('key', 2, { ifRevision: first.revision });
    expect(await store.load('key')).toEqual({ document: 2, ...second });
    const stale = store.save('key', 3, { ifRevision: first.revision });
    expect(await rejectionOf(stale)).toMatchObject(CONFLICT);
    await store.delete('key', { ifRevision: second.revision });
    const third = await store.save('key', 4, { ifRevision: null });
    expect(await store.load('key')).toEqual({ document: 4, ...third });
  });
});

describe('a load', () => {
  it.each<S3Fault>([
    { kind: 'reset-before' },
    { kind: 'reset-mid' },
    { kind: 'error', status: 503, code: 'SlowDown' },
  ])('is tried again after %o', async (fault) => {
    const clock = manualClock({ autoAdvance: true });
    const { double, store, revision } = await openSaved({ runtime: clock });
    faultOnce(double, 'GetObject', fault);
    expect(await store.load('key')).toEqual({ document: 'before', revision });
    expect(operationsOf(double)).toEqual(['GetObject', 'GetObject']);
  });

  it('gives up after its attempts, and says what failed', async () => {
    const clock = manualClock({ autoAdvance: true });
    const { double, store } = await openSaved({ runtime: clock, maxAttempts: 3 });
    double.intercept = () => ({ kind: 'error', status: 503, code: 'SlowDown' });
    expect(await rejectionOf(store.load('key'))).toMatchObject({
      ...UNKNOWN,
      retryable: true,
      message: expect.stringContaining('GetObject failed with SlowDown (status 503)') as string,
    });
    expect(double.requests).toHaveLength(3);
  });
});
