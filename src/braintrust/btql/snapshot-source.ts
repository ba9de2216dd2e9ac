import type { Page, ReadOptions, RowIdentity, Source } from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import { PageSize } from '../query/page-size.js';
import { readAhead } from '../query/read-ahead.js';
import { probeQuery } from './btql-probe.js';
import { identityOf } from './btql-options.js';
import type { BtqlSettings } from './btql-options.js';
import { ANSWER_MAX_ROWS } from './plan-query.js';
import type { ReadingWay } from './plan-query.js';
import { readAnswer, readPages } from './read-answer.js';
import { readSorted } from './read-sorted.js';
import { readWindow } from './read-window.js';
import {
  decodeSnapshotCursor,
  encodeSnapshotCursor,
  innerCursor,
  takenAtOf,
} from './snapshot-cursor.js';
import type { SnapshotContext, SnapshotReading, SnapshotRows } from './snapshot-rows.js';

/** A page above this size is worked off before the next one is fetched. */
const READ_AHEAD_MAX_BYTES = 32 * 1024 * 1024;
/** Told beside the rows, which hold what the query selects and nothing else. */
const SNAPSHOT_IDENTITY: RowIdentity = Object.freeze({
  object: 'object',
  id: 'id',
  version: 'snapshot',
  created: null,
});

const WAYS: Readonly<Record<ReadingWay, (context: SnapshotContext) => SnapshotReading>> = {
  window: readWindow,
  sorted: readSorted,
  pages: readPages,
  answer: readAnswer,
};

/** The whole result of a query with each read. */
export function snapshotSource(settings: Readonly<BtqlSettings>): Source {
  return Object.freeze<Source>({
    name: 'braintrust-btql',
    identity: identityOf(settings),
    rowIdentity: SNAPSHOT_IDENTITY,
    isSnapshot: true,
    read: (options) => readSnapshot(settings, options),
    watermarkOf: takenAtOf,
    probe: (operation = {}) => probeQuery(settings, operation),
  });
}

async function* readSnapshot(
  settings: Readonly<BtqlSettings>,
  options: ReadOptions,
): AsyncGenerator<Page> {
  options.signal?.throwIfAborted();
  yield* readAhead((signal) => snapshotPages(settings, { ...options, signal }), {
    signal: options.signal,
    maxBytes: READ_AHEAD_MAX_BYTES,
    bytesOf: ({ rows }) => ('byteLength' in rows ? rows.byteLength : 0),
  });
}

async function* snapshotPages(
  settings: Readonly<BtqlSettings>,
  { cursor, pageSize, signal, observer }: ReadOptions,
): AsyncGenerator<Page> {
  const state = decodeSnapshotCursor(cursor);
  const given = state.given + 1;
  const context: SnapshotContext = {
    settings,
    pageSize: new PageSize(Math.min(ANSWER_MAX_ROWS, pageSize, settings.query.limit ?? Infinity)),
    signal,
    observer,
  };
  const reading = WAYS[settings.plan.way](context);
  for (let page = 1; ; page += 1) {
    const step = await reading.next();
    if (step.done !== true) {
      yield { ...pageOf(step.value, given), cursor: innerCursor(state, page) };
      continue;
    }
    const { takenAt, tornRows } = step.value;
    if (tornRows > 0) emit(observer, { type: 'torn-rows', snapshot: given, rows: tornRows });
    yield { rows: [], cursor: encodeSnapshotCursor({ given, takenAt }) };
    return;
  }
}

function pageOf(
  { rows, objects, ids }: SnapshotRows,
  snapshot: number,
): Pick<Page, 'rows' | 'identities'> {
  const version = String(snapshot).padStart(12, '0');
  return { rows, identities: { object: objects, id: ids, snapshot: ids.map(() => version) } };
}
