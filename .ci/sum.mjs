// Adds up vitest's JSON reports of a folder and prints "N passed, N failed" as its last line.
// usage: node sum.mjs FOLDER FAILED_STEPS
// A report is NAME.json; NAME.failed says that the command behind it ended with an error.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const NO_TESTS = { passed: 0, failed: 0 };

/** Counts one report; a file that could not be loaded has no tests, and is one failure. */
function count(path) {
  if (!existsSync(path)) return NO_TESTS;
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    );
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
  } catch (error) {
    console.error(`${path} cannot be read: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
}

const [folder, failedSteps] = process.argv.slice(2);
const files = readdirSync(folder);
const names = new Set(files.map((file) => file.replace(/\.(json|failed)$/, '')));
const total = { passed: 0, failed: Number(failedSteps) };
for (const name of names) {
  const { passed, failed } = count(join(folder, `${name}.json`));
  const ended = files.includes(`${name}.failed`);
  total.passed += passed;
  // A command that failed without a failed test crashed, ran out of time or never got to its tests.
  total.failed += ended ? Math.max(failed, 1) : failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
