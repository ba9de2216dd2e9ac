import { join } from 'node:path';

import { braintrustClient, projectLogs } from '../../src/entries/braintrust.js';
import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import {
  type Observer,
  type RetentionTarget,
  type TargetReader,
  createRetentionPolicy,
} from '../../src/index.js';
import { override } from '../support/override.js';
import type { Measuring, PolicyReport } from './retention-host.js';
import type { RequestCounts } from './retention-requests.js';

const REQUESTS_PER_MINUTE = 20;
const KEEP_DAYS = 30;

/** Plans, then marks and sweeps with one run of a policy whose proof is the export. */
export async function measuredPolicy(measuring: Measuring): Promise<PolicyReport> {
  const { rows, unit, address, exportRoot, clock, requests, begin } = measuring;
  const client = braintrustClient({
    apiUrl: address.url,
    apiKey: address.apiKey,
    requestsPerMinute: REQUESTS_PER_MINUTE,
    runtime: clock,
    fetch: requests.fetch,
  });
  const report = { saves: 0, receipts: 0, receiptBytes: 0, indexReads: 0, indexBytes: 0 };
  const sink = fileSink({ root: join(exportRoot, 'data') });
  const policy = createRetentionPolicy({
    id: 'bench',
    target: countedTarget(projectLogs({ client, projectId: address.projectId }), requests),
    unit,
    keepDays: KEEP_DAYS,
    graceHours: 0,
    brakes: { maxFraction: 1 },
    requireExported: {
      exportId: 'bench',
      sink: override(sink, {
        get: async (key, options) => {
          if (key.startsWith('_index/')) {
            report.indexReads += 1;
            report.indexBytes += (await sink.head(key, options))?.bytes ?? 0;
          }
          return await sink.get(key, options);
        },
      }),
    },
    cursorStore: fileCursorStore({ root: join(exportRoot, 'cursors') }),
    observer: observerOf(measuring, report),
    runtime: clock,
  });
  requests.clear();
  await policy.plan();
  const planRequests = requests.total;
  Object.assign(report, { saves: 0, receipts: 0, receiptBytes: 0, indexReads: 0, indexBytes: 0 });
  begin();
  const { stopReason, deleted } = await policy.run();
  if (stopReason !== 'swept' || deleted.rows !== rows)
    throw new Error(`The run ended with ${stopReason} and ${deleted.rows} rows.`);
  return { ...report, planRequests };
}

function observerOf(
  { gone }: Measuring,
  report: { saves: number; receipts: number; receiptBytes: number },
): Observer {
  return (event) => {
    if (event.type === 'rows-confirm') gone(event.gone);
    if (event.type !== 'request') return;
    if (event.target === 'store' && event.operation === 'document-save') report.saves += 1;
    if (event.target !== 'sink' || event.operation !== 'object-put') return;
    report.receipts += 1;
    report.receiptBytes += event.bytes;
  };
}

/** Tells what each request of a target is for. */
function countedTarget(target: RetentionTarget, requests: RequestCounts): RetentionTarget {
  return override(target, {
    open: async (scope, options) => countedReader(await target.open(scope, options), requests),
  });
}

function countedReader(reader: TargetReader, requests: RequestCounts): TargetReader {
  return override(reader, {
    survey: (options) => requests.during('survey', () => reader.survey(options)),
    units: async function* (cursor, options) {
      const pages = reader.units(cursor, options)[Symbol.asyncIterator]();
      for (;;) {
        const next = await requests.during('scan', () => pages.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
    reread: (batch, options) => requests.during('reread', () => reader.reread(batch, options)),
    remove: (rows, options) => requests.during('delete', () => reader.remove(rows, options)),
    remaining: (rows, options) => requests.during('confirm', () => reader.remaining(rows, options)),
  });
}
