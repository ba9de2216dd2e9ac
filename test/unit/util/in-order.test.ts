import { describe, expect, it } from 'vitest';

import { inOrder } from '../../../src/util/in-order.js';

interface Deferred {
  readonly promise: Promise<string>;
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

function deferred(): Deferred {
  let settle: Pick<Deferred, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...(settle as Pick<Deferred, 'resolve' | 'reject'>) };
}

/** Lets everything that can go on do so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('inOrder', () => {
  it('gives the results in the order of the items, whichever is done first', async () => {
    const works = [deferred(), deferred(), deferred()];
    const results: string[] = [];
    const reading = (async () => {
      for await (const result of inOrder([0, 1, 2], 3, (item) => works[item]!.promise))
        results.push(result);
    })();
    works[2]!.resolve('c');
    works[1]!.resolve('b');
    await settled();
    expect(results).toEqual([]);
    works[0]!.resolve('a');
    await reading;
    expect(results).toEqual(['a', 'b', 'c']);
  });

  it.each([1, 2, 4])('has no more than %i under way', async (atOnce) => {
    let underWay = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await settled();
      underWay -= 1;
      return item;
    };
    const results: number[] = [];
    for await (const result of inOrder([1, 2, 3, 4, 5, 6, 7], atOnce, work)) results.push(result);
    expect(results).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(atOnce);
  });

  it('throws the first error in the order of the items, after what is under way has ended', async () => {
    const works = [deferred(), deferred(), deferred()];
    const results = inOrder([0, 1, 2], 3, (item) => works[item]!.promise);
    const read = results.next();
    let isOver = false;
    void read.catch(() => undefined).finally(() => (isOver = true));
    works[1]!.reject(new Error('second'));
    works[0]!.reject(new Error('first'));
    await settled();
    expect(isOver).toBe(false);
    works[2]!.resolve('late');
    await expect(read).rejects.toThrow('first');
    await expect(results.next()).resolves.toEqual({ value: undefined, done: true });
  });

  it('closes the items when the reader leaves', async () => {
    let isClosed = false;
    async function* items(): AsyncGenerator<number> {
      try {
        for (let item = 0; ; item += 1) yield item;
      } finally {
        isClosed = true;
      }
    }
    for await (const result of inOrder(items(), 2, async (item) => item)) {
      if (result === 3) break;
    }
    expect(isClosed).toBe(true);
  });
});
