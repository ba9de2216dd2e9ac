import { describe, expect, it } from 'vitest';

import { type Document, readDocument, tableNames, tableRows } from '../support/documents.js';
import { readExportedTypes } from '../support/exported-types.js';

const types = readExportedTypes();
const errors = await readDocument('docs/errors.md');
const events = await readDocument('docs/events.md');
const options = await readDocument('docs/options.md');
const manifests = await readDocument('docs/manifests.md');

function expectNames(found: readonly string[], expected: readonly string[]): void {
  expect(expected.length).toBeGreaterThan(0);
  expect([...found].sort()).toEqual([...expected].sort());
}

describe('docs/errors.md', () => {
  it('lists every code, once, and no other', () => {
    expectNames(tableNames(errors, '# Errors'), types.texts('ErrorCode'));
  });
});

describe('docs/events.md', () => {
  const variants = types.variants('ExportEvent');

  it('has a heading for every event and no other', () => {
    const headings = [...events.text.matchAll(/^### `([a-z-]+)`$/gm)].map(
      (match) => match[1] ?? '',
    );
    expectNames(headings, [...variants.keys()]);
  });

  it.each([...variants])('lists the fields of %s', (type, fields) => {
    expectNames(tableNames(events, `### \`${type}\``), fields);
  });
});

/** The interface behind each heading. */
const HEADINGS: Readonly<Record<string, readonly string[]>> = {
  '## `createExporter(options)`': ['ExporterOptions'],
  '## `object`': ['ObjectOptions'],
  '## `limits`': ['Limits'],
  '## `attachments`': ['AttachmentsOptions'],
  '## `exporter.run(options)`': ['RunOptions'],
  '## `exportOnce(options)`': ['ExportOnceOptions'],
  '## `createRetentionPolicy(options)`': ['RetentionPolicyOptions'],
  '## `brakes`': ['Brakes'],
  '## `limits` of a policy': ['RetentionLimits'],
  '## `policy.run(options)`': ['RetentionRunOptions'],
  '## `braintrustClient(options)`': ['BraintrustClientOptions'],
  '## `serviceParquet(options)`': ['ServiceParquetOptions'],
  '## `braintrustAttachments(options)`': ['BraintrustAttachmentsOptions'],
  '## `spansSource(options)`': ['SpansSourceOptions'],
  '## `experimentsSource(options)`': ['ExperimentsSourceOptions'],
  '## `datasetsSource(options)`': ['DatasetsSourceOptions'],
  '## `tracesSource(options)`': ['TracesSourceOptions'],
  '## `projectLogs(options)`': ['ProjectLogsOptions'],
  '## `datasets(options)`': ['DatasetsOptions'],
  '## `experiments(options)`': ['ExperimentsOptions'],
  '## `jsonlEncoder(options)`': ['JsonlEncoderOptions'],
  '## `parquetEncoder(options)`': ['ParquetEncoderOptions'],
  '## `csvEncoder(options)`': ['CsvEncoderOptions'],
  '## `jsonArrayEncoder(options)`': ['JsonArrayEncoderOptions'],
  '## `fileSink(options)`': ['FileSinkOptions'],
  '## `fileCursorStore(options)`': ['FileCursorStoreOptions'],
  '## `s3Sink(options)`': ['S3SinkOptions'],
  '## `s3Upload(options)`': ['S3UploadOptions'],
  '## `s3CursorStore(options)`': ['S3CursorStoreOptions'],
  '## `assumeRole(options)`': ['AssumeRoleOptions'],
  '## `exportExternalId(options)`': ['ExportExternalIdOptions'],
  '## `btqlSource(options)`': ['BtqlSourceOptions'],
  '## `iamPolicy(options)`': ['IamPolicyOptions'],
  '## `trustPolicy(options)`': ['TrustPolicyOptions'],
  '## `datePartitionedKeys(options)`': ['DatePartitionedKeysOptions'],
  '## `redact(...rules)`': ['RedactRule', 'HashRedaction', 'MaskRedaction'],
  '## `runIfDue(options, work)`': ['RunIfDueOptions'],
  '## `readManifests(sink, options)`': ['ReadManifestsOptions'],
  '## `readReceipts(sink, options)`': ['ReadReceiptsOptions'],
  '## `startDataPlane(options)`': ['DataPlaneOptions'],
  '## `generateSpans(options)`': ['GenerateSpansOptions'],
  '## `manualClock(options)`': ['ManualClockOptions'],
  '## `memorySink(options)`': ['MemorySinkOptions'],
  '## `scriptedSource(steps, options)`': ['ScriptedSourceOptions'],
  '## `faultPlan(options)`': ['FaultPlanOptions'],
};

describe('docs/options.md', () => {
  it('has a heading for everything that takes options', () => {
    const headings = options.text.split('\n').filter((line) => line.startsWith('## `'));
    expect(headings.sort()).toEqual(Object.keys(HEADINGS).sort());
  });

  it.each(Object.entries(HEADINGS))('lists the options below %s', (heading, names) => {
    expectNames(
      tableNames(options, heading),
      names.flatMap((name) => types.members(name)),
    );
  });
});

describe('the defaults in docs/options.md', () => {
  /** A number or a text in quotes, however it is spelt; nothing for a default in words. */
  const valueOf = (text: string): string =>
    /^(?:'[a-z-]+'|[\d:TZ-]+)/.exec(text.replace(/[`_,]/g, ''))?.[0] ?? '';

  const stated = Object.entries(HEADINGS).flatMap(([heading, names]) =>
    names.flatMap((name) =>
      [...types.defaults(name)].map(([option, text]) => ({
        heading,
        option,
        value: valueOf(text),
      })),
    ),
  );

  it('are those that the types state', () => {
    const plain = stated.filter(({ value }) => value !== '');
    expect(plain.length).toBeGreaterThan(20);
    const wrong = plain.filter(({ heading, option, value }) => {
      const rows = tableRows(options, heading);
      const cells = rows.find(([name]) => name === `\`${option}\``) ?? [];
      return valueOf(cells[1] ?? '') !== value;
    });
    expect(wrong).toEqual([]);
  });
});

describe('docs/manifests.md', () => {
  it.each([
    ['## The manifest', 'Manifest'],
    ['## Its objects', 'ManifestObject'],
    ['## Its companions', 'ManifestCompanion'],
  ])('lists the members below %s', (heading, name) => {
    expectNames(tableNames(manifests, heading), types.members(name));
  });
});

describe('docs/retention.md', () => {
  it.each([
    [
      '## Brakes and plans',
      'RetentionPlan',
      ['brakes.maxFraction', 'brakes.minAgeDays', 'brakes.maxRowsPerRun'],
    ],
    ['### The intent', 'DeletionIntent', []],
    ['### The outcome', 'DeletionOutcome', []],
    ['### The receipt of a mark', 'MarkReceipt', []],
  ])('lists the members below %s', async (heading, name, others) => {
    const names = tableNames(await readDocument('docs/retention.md'), heading);
    expectNames(names, [...others, ...types.members(name)]);
  });
});

describe('tables of values', () => {
  it.each([
    ['docs/getting-started.md', '## 4. Run', 'StopReason'],
    ['docs/scheduling.md', '## `runIfDue`', 'IntervalName'],
    ['docs/testing.md', '## Faults', 'FaultMode'],
    ['docs/retention.md', '## Two phases', 'RetentionStopReason'],
    ['docs/retention.md', '## What stays', 'KeptReason'],
  ])('%s lists below "%s" every %s', async (path, heading, name) => {
    expectNames(tableNames(await readDocument(path), heading), types.texts(name));
  });
});

describe('the comparison of names', () => {
  const text =
    '# Errors\n\n| code |\n| --- |\n| `A` | x |\n\n## More\n\n| `B` |\n\n# Next\n\n| `C` |\n';
  const document: Document = { path: 'x.md', text, blocks: [], anchors: new Set() };

  it('reads the tables of a section to its end', () => {
    expect(tableNames(document, '# Errors')).toEqual(['A', 'B']);
    expect(tableNames(document, '## More')).toEqual(['B', 'C']);
  });

  it('refuses a heading that is not there', () => {
    expect(() => tableNames(document, '# Nothing')).toThrow('no heading');
  });
});
