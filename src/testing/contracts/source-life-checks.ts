import assert from 'node:assert/strict';

import type { Page, Source } from '../../interfaces/index.js';
import { PAGE_SIZE, expectCode, namesOf, readPages } from './source-kit.js';
import type { SourceChecks, SourceFixture } from './source-kit.js';

const REASON = new Error('the reader has had enough');

/** How a source begins, ends and fails. */
export const LIFE_CHECKS: SourceChecks = {
  'names itself': namesItself,
  'a foreign cursor is refused': foreignCursor,
  'an abort before a read rejects with its reason': abortBefore,
  'an abort during a page rejects with its reason': abortDuring,
  'an abort between pages rejects with its reason': abortBetween,
  'a read that was left holds nothing and disturbs no later one': leaving,
  'reads at the same time do not disturb each other': twoReads,
  'a probe tells its steps and does not throw': probes,
};

async function namesItself({ source }: SourceFixture): Promise<void> {
  assert.match(source.name, /^[a-z][a-z0-9-]*$/);
  assert.deepEqual(JSON.parse(JSON.stringify(source.identity)), source.identity);
}

async function foreignCursor({ source }: SourceFixture): Promise<void> {
  const [page] = await readPages(source);
  assert.ok(page !== undefined, 'a read of rows gives pages');
  for (const cursor of ['', 'foreign', '{"of":"another"}', `${page.cursor}x`])
    await expectCode(readPages(source, cursor), 'SOURCE_CURSOR_INVALID');
}

async function abortBefore(fixture: SourceFixture): Promise<void> {
  const pages = open(fixture.source, AbortSignal.abort(REASON));
  await expectReason(pages.next());
  await expectNothingHeld(fixture);
}

async function abortDuring(fixture: SourceFixture): Promise<void> {
  const controller = new AbortController();
  const pages = open(fixture.source, controller.signal);
  const page = pages.next();
  controller.abort(REASON);
  // A page that was there already may still be given; the next one may not.
  await page.then(() => expectReason(pages.next()), expectReasonOf);
  await expectNothingHeld(fixture);
}

async function abortBetween(fixture: SourceFixture): Promise<void> {
  const controller = new AbortController();
  const pages = open(fixture.source, controller.signal);
  assert.equal((await pages.next()).done, false);
  controller.abort(REASON);
  await expectReason(pages.next());
  await expectNothingHeld(fixture);
}

async function leaving(fixture: SourceFixture): Promise<void> {
  const { source } = fixture;
  const whole = namesOf(source, await readPages(source));
  for await (const page of source.read({ cursor: null, pageSize: PAGE_SIZE })) {
    assert.ok(page.cursor !== '');
    break;
  }
  await expectNothingHeld(fixture);
  assert.deepEqual(namesOf(source, await readPages(source)), whole);
}

async function twoReads({ source }: SourceFixture): Promise<void> {
  const whole = namesOf(source, await readPages(source));
  const [left, right] = [open(source), open(source)];
  const [ofLeft, ofRight]: [Page[], Page[]] = [[], []];
  for (;;) {
    const [first, second] = [await left.next(), await right.next()];
    if (first.done !== true) ofLeft.push(first.value);
    if (second.done !== true) ofRight.push(second.value);
    if (first.done === true && second.done === true) break;
    assert.ok(ofLeft.length + ofRight.length < 1_000, 'both reads must end');
  }
  assert.deepEqual(namesOf(source, ofLeft), whole);
  assert.deepEqual(namesOf(source, ofRight), whole);
}

async function probes({ source }: SourceFixture): Promise<void> {
  for await (const { step, outcome, detail } of source.probe?.() ?? []) {
    assert.match(step, /^[a-z][a-z0-9-]*$/);
    assert.ok(['passed', 'failed', 'skipped'].includes(outcome));
    assert.ok(detail.length > 0, 'each step says what was seen');
  }
}

function open(source: Source, signal?: AbortSignal): AsyncIterator<Page> {
  const options = { cursor: null, pageSize: PAGE_SIZE, signal };
  return source.read(options)[Symbol.asyncIterator]();
}

async function expectReason(work: Promise<unknown>): Promise<void> {
  await work.then(() => assert.fail('it must reject'), expectReasonOf);
}

function expectReasonOf(error: unknown): void {
  assert.equal(error, REASON, 'an abort rejects with signal.reason itself');
}

async function expectNothingHeld({ held }: SourceFixture): Promise<void> {
  assert.equal((await held?.()) ?? 0, 0, 'what a read that is over still holds');
}
