import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import { createExporter } from '../../src/create-exporter.js';
import { createRetentionPolicy } from '../../src/create-retention-policy.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import type { RetentionPolicy } from '../../src/index.js';
import type { CursorStore, Runtime, Sink } from '../../src/interfaces/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { HOUR_MS } from './policy-world.js';
import type { PolicyTerms } from './retention-audit.js';

/** What every policy of a story promises. */
export const TERMS: PolicyTerms = { policyId: 'logs', keepDays: 30, graceMs: 24 * HOUR_MS };
const EXPORT_ID = 'spans';
const BATCH_MAX_ROWS = 4;

/** What one process works with. */
export interface StoryParts {
  readonly client: BraintrustClient;
  readonly projectId: string;
  readonly sink: Sink;
  readonly cursorStore: CursorStore;
  readonly runtime: Runtime;
  /** Ids of rows that are exempt. */
  readonly heldIds: () => readonly string[];
}

export function storyExporter({ client, projectId, ...parts }: StoryParts): Exporter {
  const { sink, cursorStore, runtime } = parts;
  return createExporter({
    id: EXPORT_ID,
    source: spansSource({ client, projectId }),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink,
    keys: datePartitionedKeys(),
    cursorStore,
    object: { maxRows: 10 },
    runtime,
  });
}

export function storyPolicy({ client, projectId, ...parts }: StoryParts): RetentionPolicy {
  const { sink, cursorStore, runtime, heldIds } = parts;
  return createRetentionPolicy({
    id: TERMS.policyId,
    target: projectLogs({ client, projectId }),
    keepDays: TERMS.keepDays,
    requireExported: { sink, exportId: EXPORT_ID },
    holds: () => (heldIds().length === 0 ? [] : [{ name: 'case', ids: heldIds() }]),
    graceHours: TERMS.graceMs / HOUR_MS,
    brakes: { maxFraction: 1 },
    cursorStore,
    limits: { batchMaxRows: BATCH_MAX_ROWS },
    runtime,
  });
}
