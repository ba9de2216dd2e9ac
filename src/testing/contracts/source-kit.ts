import assert from 'node:assert/strict';

import { isExportError } from '../../errors/index.js';
import type {
  Awaitable,
  Cursor,
  FieldValue,
  Page,
  RowBatch,
  Source,
} from '../../interfaces/index.js';
import { rowBatchFromObjects } from '../../rows/row-batch.js';

/** A source under test and what can be done to its data. */
export interface SourceFixture {
  readonly source: Source;
  /** Writes that many further row versions, so that the next read gives them. */
  readonly add?: ((rows: number) => Awaitable<void>) | undefined;
  /** Another instance over the same data, as a new process would make it. */
  readonly reopen?: (() => Awaitable<Source>) | undefined;
  /** How many connections, files or timers reads hold open now. */
  readonly held?: (() => Awaitable<number>) | undefined;
  /** Called at the end of the case. */
  readonly close?: (() => Awaitable<void>) | undefined;
}

export type SourceCheck = (fixture: SourceFixture) => Promise<void>;

/** Rules by name. */
export type SourceChecks = Readonly<Record<string, SourceCheck>>;

/** How many row versions a source holds in most cases: several pages of any size that they use. */
export const ROWS = 23;
export const PAGE_SIZE = 4;

/** One row of a page. */
export interface GivenRow {
  /** Object, id and version in one text. */
  readonly name: string;
  readonly version: string;
  readonly repeated: boolean;
}

export async function readPages(
  source: Source,
  cursor: Cursor | null = null,
  pageSize: number = PAGE_SIZE,
): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of source.read({ cursor, pageSize })) {
    pages.push(page);
    assert.ok(pages.length < 10_000, 'a read must end');
  }
  return pages;
}

export function batchOf(page: Page): RowBatch {
  return 'byteLength' in page.rows ? page.rows : rowBatchFromObjects(page.rows);
}

/** The rows of a page by the fields that identify them. */
export function rowsOf(source: Source, page: Page): GivenRow[] {
  const { object, id, version } = source.rowIdentity;
  const names = [id, version, ...(object === null ? [] : [object])];
  const columns = page.identities ?? batchOf(page).fields(names);
  const text = (name: string, index: number): FieldValue => columns[name]?.[index];
  return Array.from({ length: batchOf(page).length }, (_, index) => ({
    name: JSON.stringify(names.map((name) => text(name, index) ?? null)),
    version: text(version, index) ?? '',
    repeated: index < (page.repeats ?? 0),
  }));
}

/** All rows in the order given. */
export function namesOf(source: Source, pages: readonly Page[]): string[] {
  return pages.flatMap((page) => rowsOf(source, page)).map((row) => row.name);
}

/** The rows that are not announced as repeats. */
export function newNamesOf(source: Source, pages: readonly Page[]): string[] {
  const rows = pages.flatMap((page) => rowsOf(source, page));
  return rows.filter((row) => !row.repeated).map((row) => row.name);
}

/** Rejects unless `work` rejects with the given code. */
export async function expectCode(work: Promise<unknown>, code: string): Promise<void> {
  const outcome = await work.then(
    () => 'no error',
    (error: unknown) => (isExportError(error) ? error.code : error),
  );
  assert.equal(outcome, code);
}
