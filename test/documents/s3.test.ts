import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  createExporter,
  type CursorStore,
  datePartitionedKeys,
  type ErrorCode,
  isExportError,
  type Sink,
} from 'tracehaul';
import { jsonlEncoder } from 'tracehaul/jsonl';
import { s3CursorStore, s3Sink, type S3SinkOptions } from 'tracehaul/s3';
import { scriptedSource } from 'tracehaul/testing';

import { readDocument, tableNames, tableRows } from '../support/documents.js';
import { startS3Double, type S3Double, type S3Fault } from '../support/s3-double/index.js';

const guide = await readDocument('docs/s3.md');
const troubleshooting = await readDocument('docs/troubleshooting.md');

let server: S3Double;

beforeEach(async () => {
  server = await startS3Double();
  server.createBucket('archive');
});
afterEach(() => server.close());

function optionsFor({ url, region, credentials }: S3Double): S3SinkOptions {
  const clientConfig = { endpoint: url, region, credentials: { ...credentials } };
  return { bucket: 'archive', maxAttempts: 1, clientConfig };
}

async function stepNames(adapter: Sink | CursorStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { step } of adapter.probe?.() ?? []) names.push(step);
  return names;
}

describe('the steps of the doctor in docs/s3.md', () => {
  it('are those that sink and cursor store take', async () => {
    const { bucket, clientConfig } = optionsFor(server);
    const steps = [
      ...(await stepNames(s3Sink({ bucket, clientConfig }))),
      ...(await stepNames(s3CursorStore({ bucket, clientConfig }))),
    ];
    const documented = tableNames(guide, "### 6. The doctor's steps");
    expect([...documented].sort()).toEqual([...steps].sort());
  });
});

/** The numbers of a cell such as "`HeadObject` 2, `GetObject` 1"; an operation without one is left out. */
function numbersIn(cell: string): Readonly<Record<string, number>> {
  const found = [...cell.matchAll(/`([A-Z]\w+)` (\d+)/g)];
  return Object.fromEntries(found.map(([, operation = '', number]) => [operation, Number(number)]));
}

/** How often each operation was asked of the keys that fit. */
function countRequests(pattern: RegExp): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { operation } of server.requests.filter((each) => pattern.test(each.key ?? '')))
    counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

describe('the costs in docs/s3.md', () => {
  const rows = tableRows(guide, '## What it costs');
  const cells = (cause: string): readonly string[] => rows.find(([name]) => name === cause) ?? [];

  it('are the requests of a run that commits one small object', async () => {
    const { bucket, clientConfig } = optionsFor(server);
    const exporter = createExporter({
      id: 'spans',
      source: scriptedSource([{ rows: [{ id: 'a', _xact_id: '1', project_id: 'p' }] }]),
      encoder: jsonlEncoder(),
      sink: s3Sink({ bucket, clientConfig }),
      keys: datePartitionedKeys(),
      cursorStore: s3CursorStore({ bucket, clientConfig }),
    });
    await exporter.run();
    const [, object = ''] = cells('a data object');
    expect(countRequests(/^\d/)).toEqual({ ...numbersIn(object), UploadPart: 1 });
    const [, index = ''] = cells('the row index of a commit');
    const indexRequests = Object.values(countRequests(/^_index/));
    expect(indexRequests.reduce((sum, count) => sum + count, 0)).toBe(
      Number(/\d+/.exec(index)?.[0]),
    );
    const [, manifest = '', ofCommit = ''] = cells('a commit');
    expect(countRequests(/^_manifests/)).toEqual(numbersIn(manifest));
    const [, , ofRun = ''] = cells('a run');
    const saves = [ofCommit, ofRun].map((cell) => numbersIn(cell)['PutObject'] ?? 0);
    const { PutObject } = countRequests(/^_cursors\/(?!probes)/);
    expect(PutObject).toBe((saves[0] ?? 0) + (saves[1] ?? 0));
  });
});

/** The status that AWS gives with each code. */
const STATUSES: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  ExpiredToken: 400,
  InvalidToken: 400,
  QuotaExceeded: 403,
  NoSuchBucket: 404,
  PermanentRedirect: 301,
  AuthorizationHeaderMalformed: 400,
  RequestTimeTooSkewed: 403,
  InvalidArgument: 400,
  NotImplemented: 501,
};

interface Claim {
  readonly serviceCode: string;
  readonly code: ErrorCode;
}

function claimsBelow(heading: string): readonly Claim[] {
  return tableRows(troubleshooting, heading).flatMap(([message = '', code = '']) =>
    Object.keys(STATUSES)
      .filter((serviceCode) => new RegExp(`\\b${serviceCode}\\b`).test(message))
      .map((serviceCode) => ({ serviceCode, code: code.replaceAll('`', '') as ErrorCode })),
  );
}

/** The error of a sink whose service answers everything so. */
async function failureOf(fault: S3Fault): Promise<unknown> {
  server.intercept = () => fault;
  const nonce = '0123456789abcdef';
  const key = `2026-11-21/spans.1.000000000001.${nonce}.jsonl.gz`;
  const head = { key, nonce, exportId: 'spans', generation: 1, contentType: 'text/plain' };
  return await s3Sink(optionsFor(server))
    .open({ ...head, maxBytes: 1 })
    .then(
      () => null,
      (error: unknown) => error,
    );
}

describe('the messages in docs/troubleshooting.md', () => {
  const access = claimsBelow('## Access to S3').filter(({ code }) => code.startsWith('SINK'));
  const claims = [...access, ...claimsBelow('## The bucket')];

  it('cover every code that is known here', () => {
    const covered = new Set(claims.map(({ serviceCode }) => serviceCode));
    expect([...covered].sort()).toEqual(Object.keys(STATUSES).sort());
  });

  it.each(claims)('$serviceCode is $code', async ({ serviceCode, code }) => {
    const status = STATUSES[serviceCode] ?? 500;
    const error = await failureOf({ kind: 'error', status, code: serviceCode });
    expect(isExportError(error, code), String(error)).toBe(true);
  });

  it('read as the guide quotes them', async () => {
    const error = await failureOf({ kind: 'error', status: 403, code: 'AccessDenied' });
    const quoted = troubleshooting.blocks.find(({ language }) => language === 'text')?.code ?? '';
    const [before = '', after = ''] = quoted.split('spans.1….jsonl.gz');
    expect(before).toContain('The S3 sink could not');
    expect(String(error)).toContain(before);
    expect(String(error)).toContain(after);
  });
});
