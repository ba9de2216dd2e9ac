import { generateSpans, startDataPlane } from '../../src/entries/testing.js';

const MINUTE_MS = 60_000;

/** A project with rows that have settled, and what the examples need to reach it. */
export interface SpansProject {
  readonly rows: number;
  /** Variables that the examples read. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Starts a data plane with one project, an experiment and a dataset; their rows were written ten minutes ago. Two of the
 * spans name a file: one that is there, and one whose upload failed.
 */
export async function startSpansProject(rows = 40): Promise<SpansProject> {
  let behindMs = 10 * MINUTE_MS;
  const clock = { now: () => new Date(Date.now() - behindMs) };
  const plane = await startDataPlane({ clock });
  const { id } = plane.createProject('support-assistant');
  const from = new Date(Date.now() - 60 * MINUTE_MS);
  const spans = [...generateSpans({ rows, size: 'small', from, to: clock.now() })];
  const files = (['done', 'error'] as const).map((uploadStatus) =>
    plane.putAttachment({ content: 'a picture', contentType: 'image/png', uploadStatus }),
  );
  plane.insert(
    'project_logs',
    id,
    spans.map((span, index) => (index < files.length ? { ...span, expected: files[index] } : span)),
  );
  const experiment = plane.createExperiment(id, 'shorter answers', { tags: ['nightly'] });
  const dataset = plane.createDataset(id, 'golden questions');
  plane.insert('experiment', experiment.id, [{ id: 'e1', scores: { exact: 1 } }, { id: 'e2' }]);
  const { xactId } = plane.insert('dataset', dataset.id, [{ id: 'd1', input: 'Hello?' }]);
  behindMs = 0;
  return {
    rows,
    environment: {
      BRAINTRUST_API_KEY: plane.apiKey,
      BRAINTRUST_API_URL: plane.url,
      BRAINTRUST_PROJECT_ID: id,
      BRAINTRUST_PROJECT_NAME: 'support-assistant',
      DATASET_VERSION: xactId,
    },
    close: () => plane.close(),
  };
}
