import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';

import { generateSpans, startDataPlane } from '../../src/entries/testing.js';
import { queryDuckDb } from '../support/duckdb.js';
import { EXAMPLES, startExample, runExample } from '../support/example-process.js';
import { startS3Double, type DoubleBucket, type S3Double } from '../support/s3-double/index.js';
import { startSpansProject, type SpansProject } from '../support/spans-project.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let project: SpansProject;
let storage: S3Double;
let folder = '';

beforeAll(async () => {
  project = await startSpansProject();
  storage = await startS3Double();
});
afterAll(async () => {
  await storage.close();
  await project.close();
});
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => {
  storage.intercept = null;
  vi.unstubAllEnvs();
});

/** Rows in all objects below a folder of the export. */
async function countRows(root: string): Promise<number> {
  const paths = await readdir(join(folder, root), { recursive: true });
  let rows = 0;
  for (const path of paths.filter((name) => name.endsWith('.jsonl.gz'))) {
    const text = gunzipSync(await readFile(join(folder, root, path))).toString();
    rows += text.split('\n').length - 1;
  }
  return rows;
}

function run(name: string, parameters: readonly string[] = []) {
  return runExample(name, { folder, environment: project.environment, parameters });
}

/** What the examples for S3 read, with a bucket of their own. */
function bucketEnvironment(bucket: string): Record<string, string> {
  return {
    ...project.environment,
    EXPORT_BUCKET: bucket,
    AWS_ENDPOINT_URL_S3: storage.url,
    AWS_REGION: storage.region,
    AWS_ACCESS_KEY_ID: storage.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: storage.credentials.secretAccessKey,
  };
}

/** Rows in all objects of a bucket. */
function countRowsIn(bucket: DoubleBucket): number {
  const objects = [...bucket.objects()].filter(([key]) => /^braintrust\/[^_].*\.gz$/.test(key));
  const texts = objects.map(([, object]) => gunzipSync(object.bytes()).toString());
  return texts.reduce((rows, text) => rows + text.split('\n').length - 1, 0);
}

describe('the examples', () => {
  it('cron.ts exports, and the next call finds that nothing is due', async () => {
    const first = await run('cron.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^40 rows in 1 files, caught-up, lag \d+ min\n$/);
    const second = await run('cron.ts');
    expect(second.stdout).toMatch(/^not due before /);
    expect(await countRows('export/spans')).toBe(project.rows);
  });

  it('experiments.ts exports the rows and the experiments themselves', async () => {
    const first = await run('experiments.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toBe('rows: 2 rows, caught-up\nmetadata: 1 rows, caught-up\n');
    expect(await countRows('export/experiment-rows')).toBe(2);
    const second = await run('experiments.ts');
    expect(second.stdout).toBe('rows: 0 rows, caught-up\nmetadata: 0 rows, caught-up\n');
  });

  it('dataset-version.ts exports datasets as of a version', async () => {
    const exported = await run('dataset-version.ts');
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(exported.stdout).toMatch(/^1 rows as of \d{19}, caught-up\n$/);
    expect(await countRows('export/datasets')).toBe(1);
  });

  it('cron.ts tells the code of a failure and exits with 1', async () => {
    const environment = { ...project.environment, BRAINTRUST_API_KEY: 'sk-wrong' };
    const failed = await runExample('cron.ts', { folder, environment, parameters: [] });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^SOURCE_UNAUTHORIZED: /);
  });

  it('s3-cron.ts exports to a bucket, and its progress is there too', async () => {
    const bucket = storage.createBucket('cron');
    const options = { folder, environment: bucketEnvironment('cron'), parameters: [] };
    const first = await runExample('s3-cron.ts', options);
    expect(first).toMatchObject({ code: 0, stdout: '40 rows in 1 objects, caught-up\n' });
    const second = await runExample('s3-cron.ts', options);
    expect(second.stdout).toMatch(/^not due before /);
    expect(countRowsIn(bucket)).toBe(project.rows);
    expect(bucket.uploads()).toEqual([]);
    expect([...bucket.objects().keys()]).toContain('_cursors/checkpoints/spans.json');
    expect(await readdir(folder)).toEqual([]);
  });

  it('s3-cron.ts names the bucket that is missing', async () => {
    const environment = bucketEnvironment('nowhere');
    const failed = await runExample('s3-cron.ts', { folder, environment, parameters: [] });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Create the bucket "nowhere"');
  });

  it('lambda.ts exports in one invocation what is there, and nothing in the next', async () => {
    const bucket = storage.createBucket('lambda');
    for (const [name, value] of Object.entries(bucketEnvironment('lambda')))
      vi.stubEnv(name, value);
    const { handler } = await import('../../examples/lambda.js');
    const context = { getRemainingTimeInMillis: () => 15 * 60_000 };
    const first = await handler({}, context);
    expect(first).toMatchObject({ rows: 40, objects: 1, stopReason: 'caught-up' });
    const second = await handler({}, context);
    expect(second).toMatchObject({ rows: 0, objects: 0, stopReason: 'caught-up' });
    expect(countRowsIn(bucket)).toBe(project.rows);
    expect(bucket.uploads()).toEqual([]);
  });

  it('lambda.ts gives up before its time is over, and leaves no lease behind', async () => {
    storage.createBucket('slow');
    for (const [name, value] of Object.entries(bucketEnvironment('slow'))) vi.stubEnv(name, value);
    vi.resetModules();
    const { handler } = await import('../../examples/lambda.js');
    storage.intercept = ({ operation }) => (operation === 'UploadPart' ? { kind: 'hang' } : null);
    const given = handler({}, { getRemainingTimeInMillis: () => 12_000 });
    await expect(given).rejects.toMatchObject({ name: 'TimeoutError' });
    storage.intercept = null;
    const next = await handler({}, { getRemainingTimeInMillis: () => 15 * 60_000 });
    expect(next).toMatchObject({ rows: 40, stopReason: 'caught-up' });
    expect(storage.bucket('slow').uploads()).toEqual([]);
  });

  it('backfill.ts exports the days that it is given', async () => {
    const day = (offset: number): string =>
      new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const { code, stdout } = await run('backfill.ts', [day(-2), day(2)]);
    expect(code).toBe(0);
    expect(stdout).toContain('40 rows, up to 2');
    expect(stdout).toContain('done: caught-up');
    expect(await countRows('export/spans/backfill')).toBe(project.rows);
    const before = await run('backfill.ts', [day(-9), day(-8)]);
    expect(before.stdout).toBe('done: caught-up\n');
  });

  it('retention.ts asks for a plan, marks what was confirmed, and takes the mark back', async () => {
    const plane = await startDataPlane();
    onTestFinished(() => plane.close());
    const { id } = plane.createProject('support-assistant');
    for (const [days, rows] of [
      [40, 30],
      [10, 10],
    ] as const) {
      const at = new Date(Date.now() - days * 86_400_000);
      const spans = [...generateSpans({ rows, size: 'small', from: at, to: at, seed: days })];
      plane.insert('project_logs', id, spans, { at });
    }
    const environment = {
      BRAINTRUST_API_KEY: plane.apiKey,
      BRAINTRUST_API_URL: plane.url,
      BRAINTRUST_PROJECT_ID: id,
    };
    const call = (...parameters: string[]) =>
      runExample('retention.ts', { folder, environment, parameters });
    const braked = await call();
    expect(braked).toMatchObject({ code: 1, stdout: '40 rows exported, caught-up\n' });
    expect(braked.stderr).toMatch(/^PLAN_NEEDED: .+30 of 40 rows would go/);
    const planned = await call('plan');
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toMatch(/^\d+ traces of 30 spans would go\n.*"brakes":\["fraction"\]/);
    const marked = await call('confirm');
    expect(marked.stdout).toMatch(/^0 traces of 0 spans deleted, marked\nthe sweep may begin at /);
    expect((await call('cancel')).stdout).toMatch(/^mark 000001-\S+ is taken back\n$/);
    expect(plane.liveRows('project_logs', id)).toHaveLength(40);
  });

  it('attachments.ts copies the files that rows name, and tells of those that are not there', async () => {
    const first = await run('attachments.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^\S+: a file is missing\n40 rows, 1 files copied, 1 not\n$/);
    const files = await readdir(join(folder, 'export/spans-with-files/_attachments'), {
      recursive: true,
    });
    expect(files.filter((path) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(path))).toHaveLength(1);
  });

  it('redaction.ts exports rows without what they must not say', async () => {
    const environment = { ...project.environment, REDACTION_KEY: 'a secret of more than 16 bytes' };
    const { code, stdout } = await runExample('redaction.ts', {
      folder,
      environment,
      parameters: [],
    });
    expect(code).toBe(0);
    const [sample = '', summary] = stdout.split('\n');
    expect(JSON.parse(sample)).toMatchObject({ input: '[redacted]', output: '[redacted]' });
    expect(sample).toMatch(/"user":"[0-9a-f]{32}"/);
    expect(summary).toBe('40 rows, caught-up');
    expect(await countRows('export/redacted')).toBe(project.rows);
  });

  it('fine-tuning-file.ts writes pairs of input and expected, so many as are wanted', async () => {
    const { code, stdout } = await run('fine-tuning-file.ts', ['set.jsonl', '5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^5 lines, \d+ calls left out, there is more$/m);
    const lines = (await readFile(join(folder, 'set.jsonl'), 'utf8')).trimEnd().split('\n');
    const members = lines.map((line) => Object.keys(JSON.parse(line) as object));
    expect(members).toEqual(Array.from({ length: 5 }, () => ['input', 'expected']));
  });

  it('weekly-report.ts writes a line for each score', async () => {
    const { code, stdout } = await run('weekly-report.ts', ['reports']);
    expect(code).toBe(0);
    const [, scores, key] = /^(\d+) scores in (scores\.\S+\.csv)$/m.exec(stdout) ?? [];
    const text = await readFile(join(folder, 'reports', key ?? ''), 'utf8');
    const [names, ...lines] = text.trimEnd().split('\r\n');
    expect(names).toBe('created,span,name,score,value,tags');
    expect(lines).toHaveLength(Number(scores));
    expect(lines.every((line) => /,accuracy,[01](\.\d+)?,/.test(line))).toBe(true);
    expect(lines.length).toBeGreaterThan(0);
  });

  it('traces.ts exports one row for each trace, as Parquet, and each only once', async () => {
    const first = await run('traces.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const [, count = ''] = /^(\d+) traces in 1 files, caught-up\n$/.exec(first.stdout) ?? [];
    const files = join(folder, 'export/traces/*/*.parquet');
    const [traces] = await queryDuckDb(
      `select count(distinct root_span_id), bool_and(json_array_length(spans) > 0), sum(json_array_length(spans))
       from read_parquet('${files}')`,
    );
    expect(traces?.map(String)).toEqual([count, 'true', String(project.rows)]);
    const second = await run('traces.ts');
    expect(second.stdout).toBe('0 traces in 0 files, caught-up\n');
  });

  it('model-usage.ts exports low scores as they are written, and a whole table each time', async () => {
    const first = await run('model-usage.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^incremental: .+\nlow-scores: \d+ rows, caught-up\nsnapshot: /);
    const counts = /model-usage: (\d+) rows, caught-up\nthe newest table: 1 files\n$/;
    const [, models = '0'] = counts.exec(first.stdout) ?? [];
    expect(Number(models)).toBeGreaterThan(0);
    const second = await run('model-usage.ts');
    expect(second.stdout).toContain('low-scores: 0 rows, caught-up');
    expect(second.stdout).toContain(`model-usage: ${models} rows, caught-up`);
  });

  it('custom-source.ts exports its own rows', async () => {
    const { code, stdout } = await run('custom-source.ts');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2500 rows in 1 files, caught-up\n' });
    expect(await countRows('export/tickets')).toBe(2_500);
  });

  it('custom-sink.ts tells of each object', async () => {
    const { code, stdout } = await run('custom-sink.ts');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^new object: \d{4}-\d\d-\d\d\/spans\.\S+\.jsonl\.gz\n40 rows, caught-up\n$/,
    );
  });

  it('unit-test.ts passes', async () => {
    const { code, stdout } = await run('unit-test.ts');
    expect(stdout).toMatch(/^# pass 3$|^ℹ pass 3$/m);
    expect(code).toBe(0);
  });

  it('http-backend.ts runs, tells its status, pauses, and ends on SIGTERM', async () => {
    const environment = { ...project.environment, PORT: '0' };
    const backend = startExample('http-backend.ts', { folder, environment, parameters: [] });
    const url = await backend.printed(/^(http:\S+)$/m);
    const post = async (path: string): Promise<number> =>
      (await fetch(`${url}/${path}`, { method: 'POST' })).status;
    expect(await post('run')).toBe(202);
    expect(await backend.printed(/^(\d+ rows, \S+)$/m)).toBe('40 rows, caught-up');
    expect(await post('pause')).toBe(204);
    const status: unknown = await (await fetch(url)).json();
    expect(status).toMatchObject({ state: 'paused', totals: { rows: 40 } });
    expect(await post('resume')).toBe(204);
    expect(await post('nothing')).toBe(404);
    backend.stop();
    expect(await backend.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('are all tried here', async () => {
    const source = await readFile(new URL(import.meta.url), 'utf8');
    const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.ts'));
    expect(names.filter((name) => !source.includes(`'${name} `))).toEqual([]);
  });

  it('say what they are for, what they need and how to run them', async () => {
    const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.ts'));
    for (const name of names) {
      const text = await readFile(join(EXAMPLES, name), 'utf8');
      expect(text, name).toMatch(
        /^\/\*\*\n \* \w[\s\S]+\n \* Environment: .+\n(?: \* .+\n)* \* Command: npx tsx .+\n/,
      );
      expect(text, name).toContain(`examples/${name}`);
    }
  });
});
