import { describe, expect, it } from 'vitest';

import { datePartitionedKeys, type DatePartitionedKeysOptions } from 'tracehaul';

import { readDocument } from '../support/documents.js';

const ROW = /^\| `(\{.*\})` +\| `([^`]+)` +\|$/gm;
const { text } = await readDocument('docs/key-layout.md');
const examples = [...text.matchAll(ROW)].map((match) => [match[1] ?? '', match[2] ?? ''] as const);

describe('the folders in docs/key-layout.md', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)('%s gives %s', (source, folder) => {
    const json = source.replace(/(\w+):/g, '"$1":').replaceAll("'", '"');
    const options = JSON.parse(json) as DatePartitionedKeysOptions;
    const keys = datePartitionedKeys(options);
    const runStartedAt = new Date('2025-12-08T07:30:00Z');
    const partition = keys.partition({ fields: { project_id: 'p-1' }, runStartedAt });
    const extension = '.jsonl.gz';
    const parts = { generation: 1, sequence: 42, nonce: '9f86d081884c7d65', extension };
    const key = keys.key({ ...parts, exportId: 'spans', partition, runStartedAt });
    expect(key).toBe(`${folder}spans.1.000000000042.9f86d081884c7d65.jsonl.gz`);
  });
});
