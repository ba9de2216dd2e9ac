/**
 * Works on items with a few under way at a time, and gives the results in the order of the items. What is under way
 * when it ends early, by an error or by the caller, is waited for.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const started: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      started.push(begin(item, work));
      const first = started.length < atOnce ? undefined : started.shift();
      if (first !== undefined) yield await first;
    }
    for (let first = started.shift(); first !== undefined; first = started.shift())
      yield await first;
  } finally {
    await Promise.allSettled(started);
  }
}

function begin<Item, Result>(item: Item, work: (item: Item) => Promise<Result>): Promise<Result> {
  const result = work(item);
  // Whoever waits for it sees its error; until then it must not count as one that nobody handles.
  result.catch(() => undefined);
  return result;
}
