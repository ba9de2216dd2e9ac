import assert from 'node:assert/strict';

import type { OperationOptions, TargetReader } from '../../interfaces/index.js';
import {
  REASON,
  expectReason,
  openTarget,
  scopeOf,
  someUnit,
  sorted,
  wholeUnit,
  windowOf,
} from './target-kit.js';
import type { TargetChecks, TargetFixture } from './target-kit.js';

/** How a target tells the time, ends early, and is tried. */
export const LIFE_CHECKS: TargetChecks = {
  'the clock is in whole seconds': wholeSeconds,
  'versions of a time are above all earlier ones': versions,
  'an abort before an operation rejects with its reason, and sends nothing': abortBefore,
  'an abort during an operation rejects with its reason': abortDuring,
  'an abort between pages rejects with its reason': abortBetween,
  'a probe tells its steps, does not throw and deletes nothing': probes,
};

type Operation = (options: OperationOptions) => Promise<unknown>;

async function wholeSeconds({ target }: TargetFixture): Promise<void> {
  assert.equal((await target.now({})).getTime() % 1_000, 0);
}

async function versions(fixture: TargetFixture): Promise<void> {
  const bound = fixture.target.versionAt(fixture.before);
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  assert.ok(
    unit.rows.every(({ version }) => version < bound),
    'what was written before',
  );
  const [row] = unit.rows;
  assert.ok(row !== undefined, 'a unit with rows');
  await fixture.updateRow(row);
  const [anew] = await reader.remaining([row], {});
  assert.ok(anew !== undefined && anew.version >= bound, 'what was written at or after');
}

async function abortBefore(fixture: TargetFixture): Promise<void> {
  const rowIds = sorted(await fixture.rowIds());
  for (const operation of await operationsOf(fixture))
    await expectReason(operation({ signal: AbortSignal.abort(REASON) }));
  assert.equal(await fixture.deletions(), 0, 'requests that delete');
  assert.deepEqual(sorted(await fixture.rowIds()), rowIds);
}

async function abortDuring(fixture: TargetFixture): Promise<void> {
  for (const operation of await operationsOf(fixture)) {
    const controller = new AbortController();
    const work = operation({ signal: controller.signal });
    controller.abort(REASON);
    await expectReason(work);
  }
}

async function abortBetween(fixture: TargetFixture): Promise<void> {
  const controller = new AbortController();
  const reader = await openTarget(fixture);
  const pages = reader.units(null, { signal: controller.signal })[Symbol.asyncIterator]();
  assert.equal((await pages.next()).done, false);
  controller.abort(REASON);
  await expectReason(pages.next());
}

async function probes(fixture: TargetFixture): Promise<void> {
  const rowIds = sorted(await fixture.rowIds());
  const holds = fixture.holds.map(({ hold }) => hold);
  await assert.doesNotReject(async () => {
    for await (const { step, outcome, detail } of fixture.target.probe(holds, {})) {
      assert.match(step, /^[a-z][a-z0-9-]*$/);
      assert.ok(['passed', 'failed', 'skipped'].includes(outcome));
      assert.ok(detail.length > 0, 'each step says what was seen');
    }
  });
  assert.deepEqual(sorted(await fixture.rowIds()), rowIds, 'the rows after a probe');
}

async function operationsOf(fixture: TargetFixture): Promise<readonly Operation[]> {
  const { target } = fixture;
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const { rows } = unit;
  return [
    (options) => target.now(options),
    (options) => target.open(scopeOf(fixture), options).then((opened) => opened.survey(options)),
    (options) => reader.survey(options),
    (options) => firstPage(reader, options),
    (options) => reader.reread(wholeUnit(unit), options),
    (options) => reader.remaining(rows, options),
    (options) => reader.remove(rows, { ...options, ...windowOf(fixture) }),
  ];
}

async function firstPage(reader: TargetReader, options: OperationOptions): Promise<unknown> {
  return await reader.units(null, options)[Symbol.asyncIterator]().next();
}
