import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../.ci/sum.mjs', import.meta.url));

interface Suite {
  readonly status: 'passed' | 'failed';
  readonly assertionResults: readonly object[];
}

function report(passed: number, failed: number, testResults: readonly Suite[] = []): string {
  return JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults });
}

describe('the sum of the test runs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tracehaul-sum-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function sum(files: Readonly<Record<string, string>>, failedSteps = 0): Promise<string> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const parameters = [PROGRAM, folder, String(failedSteps)];
    const { status, stdout } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
    return `${stdout.trim()}, exit ${status}`;
  }

  it('adds the runs up', async () => {
    const files = { 'test.json': report(40, 0), 'conformance.json': report(2, 0) };
    expect(await sum(files)).toBe('42 passed, 0 failed, exit 0');
  });

  it('counts failed tests once, although their command failed too', async () => {
    const files = { 'test.json': report(40, 3), 'test.failed': '' };
    expect(await sum(files)).toBe('40 passed, 3 failed, exit 1');
  });

  it('counts a file that could not be loaded', async () => {
    const files = { 'test.json': report(5, 0, [{ status: 'failed', assertionResults: [] }]) };
    expect(await sum(files)).toBe('5 passed, 1 failed, exit 1');
  });

  it('counts a run that ended with an error although all its tests passed', async () => {
    const files = { 'test.json': report(40, 0), 'test.failed': '' };
    expect(await sum(files)).toBe('40 passed, 1 failed, exit 1');
  });

  it('counts a run that died before it wrote its report', async () => {
    expect(await sum({ 'test.failed': '' })).toBe('0 passed, 1 failed, exit 1');
  });

  it('counts a report that was cut off', async () => {
    expect(await sum({ 'test.json': '{"numPassedTests":' })).toContain(
      '0 passed, 1 failed, exit 1',
    );
  });

  it('counts failed steps that run no tests', async () => {
    expect(await sum({ 'test.json': report(40, 0) }, 2)).toBe('40 passed, 2 failed, exit 1');
  });
});
