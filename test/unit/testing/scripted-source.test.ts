import { describe, expect, it } from 'vitest';

import type { Cursor, Page, Row, Source } from '../../../src/interfaces/index.js';
import { scriptedSource } from '../../../src/testing/adapters/scripted-source.js';

const row = (id: string, _xact_id = '1'): Row => ({
  id,
  _xact_id,
  created: '2026-01-01T00:00:00Z',
});

async function pagesOf(source: Source, cursor: Cursor | null, pageSize = 10): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of source.read({ cursor, pageSize })) pages.push(page);
  return pages;
}

const idsOf = (pages: readonly Page[]): unknown[] =>
  pages
    .flatMap((page) => ('byteLength' in page.rows ? page.rows.objects() : page.rows))
    .map((r) => r['id']);

describe('scriptedSource', () => {
  it('resumes strictly after every row', async () => {
    const source = scriptedSource([{ rows: [row('a'), row('b'), row('c')] }, { rows: [row('d')] }]);
    const [page] = await pagesOf(source, null);
    expect(idsOf(await pagesOf(source, page?.cursorAfter?.(0) ?? null))).toEqual(['b', 'c', 'd']);
    expect(page?.cursorAfter?.(2)).toBe(page?.cursor);
  });

  it('cuts a page that is larger than asked for, with its repeats', async () => {
    const rows = [row('a'), row('b'), row('c')];
    const source = scriptedSource([{ rows, repeats: 2 }], { repeatsFrom: '0' });
    const pages = await pagesOf(source, null, 1);
    expect(pages.map((page) => page.repeats)).toEqual([1, 1, 0]);
  });

  it('throws an error step once, then goes on behind it', async () => {
    const source = scriptedSource([{ rows: [row('a')] }, new Error('once'), { rows: [row('b')] }]);
    await expect(pagesOf(source, null)).rejects.toThrow('once');
    expect(source.openReads).toBe(0);
    expect(idsOf(await pagesOf(source, null))).toEqual(['a', 'b']);
  });

  it('gives appended pages from the end of what was read', async () => {
    const source = scriptedSource([{ rows: [row('a')], watermark: new Date(5), repeatsFrom: '7' }]);
    const [page] = await pagesOf(source, null);
    source.append({ rows: [row('b')] });
    expect(idsOf(await pagesOf(source, page?.cursor ?? null))).toEqual(['b']);
    expect(source.watermarkOf(page?.cursor ?? '')).toEqual(new Date(5));
    expect(source.repeatsFrom(page?.cursor ?? '')).toBe('7');
  });

  it('refuses repeats that it does not announce by repeatsFrom', async () => {
    await expect(pagesOf(scriptedSource([{ rows: [row('a')], repeats: 1 }]), null)).rejects.toThrow(
      'repeats need repeatsFrom',
    );
  });

  it('refuses a foreign cursor and rejects with the reason of an abort', async () => {
    const source = scriptedSource([{ rows: [row('a')] }]);
    await expect(pagesOf(source, 'foreign')).rejects.toMatchObject({
      code: 'SOURCE_CURSOR_INVALID',
    });
    const read = source.read({ cursor: null, pageSize: 1, signal: AbortSignal.abort('stop') });
    await expect(read[Symbol.asyncIterator]().next()).rejects.toBe('stop');
  });
});
