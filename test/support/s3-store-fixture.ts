import { expect } from 'vitest';

import { s3CursorStore, type S3CursorStoreOptions } from '../../src/entries/s3.js';
import type { CursorStore, Json } from '../../src/interfaces/index.js';
import { BUCKET, openDouble } from './double-fixture.js';
import type { S3Double, S3DoubleOptions, S3Fault } from './s3-double/index.js';
import { clientConfigOf } from './s3-place.js';

/** A store in the bucket of a double, for one test. */
export interface StoreFixture {
  readonly double: S3Double;
  readonly store: CursorStore;
  /** Another store of the same place. */
  readonly makeStore: (options?: Partial<S3CursorStoreOptions>) => CursorStore;
}

/** Starts a double and closes it when the test is over. */
export async function openStore(
  options: Partial<S3CursorStoreOptions> = {},
  behaviour: S3DoubleOptions = {},
): Promise<StoreFixture> {
  const { double } = await openDouble(behaviour);
  const clientConfig = clientConfigOf({ ...double, endpoint: double.url });
  const makeStore = (more: Partial<S3CursorStoreOptions> = {}): CursorStore =>
    s3CursorStore({ bucket: BUCKET, clientConfig, ...options, ...more });
  return { double, store: makeStore(), makeStore };
}

/** A store that has made its trial, and the revision of the document "before" under "key". */
export async function openSaved(
  options: Partial<S3CursorStoreOptions> = {},
): Promise<StoreFixture & { readonly revision: string }> {
  const fixture = await openStore(options);
  const { revision } = await fixture.store.save('key', 'before', { ifRevision: null });
  fixture.double.clearRequests();
  return { ...fixture, revision };
}

/** Does something to the next request of an operation, once. */
export function faultOnce(double: S3Double, operation: string, fault: S3Fault): void {
  double.intercept = (request) => {
    if (request.operation !== operation) return null;
    double.intercept = null;
    return fault;
  };
}

/** Resolves when a request of the operation has come, which then never gets an answer. */
export function hangOn(double: S3Double, operation: string): Promise<void> {
  return new Promise((resolve) => {
    double.intercept = (request) => {
      if (request.operation !== operation) return null;
      double.intercept = null;
      resolve();
      return { kind: 'hang' };
    };
  });
}

/** Operations that the double saw, in order. */
export function operationsOf(double: S3Double): readonly string[] {
  return double.requests.map(({ operation }) => operation);
}

/** The document under "key", as a store that was just made loads it. */
export async function documentIn(fixture: StoreFixture, key = 'key'): Promise<Json | undefined> {
  return (await fixture.makeStore().load(key))?.document;
}

/** Keys that a store lists. */
export async function keysOf(store: CursorStore, prefix = ''): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

/** The rejection of a call that must reject. */
export async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
