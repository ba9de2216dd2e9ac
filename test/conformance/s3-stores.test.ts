import { describe, expect, inject, it } from 'vitest';

import { isExportError, type CursorStore, type StoredDocument } from 'tracehaul';
import { assumeRole } from 'tracehaul/s3';

import { clientConfigOf } from '../support/s3-place.js';
import {
  casesWithoutRaces,
  freshStore,
  type PlacedStore,
  singleWriterCases,
} from '../support/s3-stores.js';

let stores = 0;

/** A store whose role may use nothing but objects below its prefix. */
function storeOfRole(): Promise<PlacedStore> {
  const radosgw = inject('radosgw');
  const { arn, bucket, prefix, caller } = radosgw.role;
  const { endpoint, region } = radosgw;
  const credentials = assumeRole({ roleArn: arn, endpoint, region, credentials: { ...caller } });
  stores += 1;
  return freshStore(radosgw, {
    bucket,
    prefix: `${prefix}cursors-${stores}`,
    clientConfig: { ...clientConfigOf(radosgw), credentials },
  });
}

const ADAPTERS = {
  radosgw: casesWithoutRaces(() => freshStore(inject('radosgw'))),
  'radosgw, with Content-MD5 and a KMS key': casesWithoutRaces(() =>
    freshStore(inject('radosgw'), {
      checksum: 'md5',
      encryption: { type: 'sse-kms', keyId: inject('radosgw').kmsKeyId },
    }),
  ),
  'radosgw, with a role': casesWithoutRaces(storeOfRole),
  'Swift, with a single writer': singleWriterCases(() =>
    freshStore(inject('swift'), { singleWriter: true }),
  ),
};

describe.each(Object.entries(ADAPTERS))('s3CursorStore on %s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

/**
 * Saves until the outcome is known, as an export does: again over the same revision after a failure, and after a
 * conflict by a look at whose document is there.
 */
async function saveForCertain(
  store: CursorStore,
  over: StoredDocument | null,
  document: { readonly count: number; readonly writeId: string },
): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      await store.save('counter', document, { ifRevision: over?.revision ?? null });
      return true;
    } catch (error) {
      if (isExportError(error, 'CHECKPOINT_CONFLICT')) {
        const stored = (await store.load('counter'))?.document as { writeId: string } | undefined;
        return stored?.writeId === document.writeId;
      }
      if (!isExportError(error, 'CHECKPOINT_UNAVAILABLE') || !error.retryable) throw error;
    }
  }
  throw new Error('The outcome stayed unknown.');
}

async function countTo(store: CursorStore, writer: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds;) {
    const current = await store.load('counter');
    const count = ((current?.document as { count: number } | undefined)?.count ?? 0) + 1;
    if (await saveForCertain(store, current, { count, writeId: `${writer}-${round}-${count}` }))
      round += 1;
  }
}

describe('writers at the same moment on radosgw, which answers some losers of a race with 500', () => {
  it('lose no increment and count none twice, when each makes certain of its saves', async () => {
    const store = await freshStore(inject('radosgw'));
    const writers = [store, store.again(), store.again(), store.again(), store.again()];
    await Promise.all(writers.map((each, writer) => countTo(each, `writer-${writer}`, 10)));
    expect((await store.load('counter'))?.document).toMatchObject({ count: 50 });
  });

  it('have one winner, whose document is there', async () => {
    const store = await freshStore(inject('radosgw'));
    const { revision } = await store.save('key', 'first', { ifRevision: null });
    const workers = Array.from({ length: 10 }, () => store.again());
    const saves = workers.map((worker, index) =>
      worker.save('key', index, { ifRevision: revision }),
    );
    const settled = await Promise.allSettled(saves);
    const winners = settled.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    expect((await store.load('key'))?.document).toBe(winners[0]);
  });
});

async function probed(store: PlacedStore): Promise<readonly string[]> {
  const steps: string[] = [];
  for await (const { step, outcome, detail } of store.probe?.() ?? [])
    steps.push(`${step} ${outcome}: ${detail}`);
  return steps;
}

describe('a trial of conditional writes', () => {
  it('finds them on radosgw, with ETags that it knows only without quotes', async () => {
    expect(await probed(await freshStore(inject('radosgw')))).toEqual([
      expect.stringContaining('store-bucket passed'),
      'store-conditional-write passed: The service keeps If-None-Match and If-Match, with bare ETags.',
    ]);
  });

  it('misses them on Swift, and nothing is saved', async () => {
    const store = await freshStore(inject('swift'));
    await expect(store.save('key', 1, { ifRevision: null })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining('it answers NotImplemented') as string,
      remedy: expect.stringMatching(/another cursor store.*singleWriter/) as string,
    });
    expect(await store.load('key')).toBeNull();
    expect(await probed(store)).toContainEqual(
      expect.stringContaining('store-conditional-write failed'),
    );
  });
});
