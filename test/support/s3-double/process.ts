/**
 * A double in a process of its own. Argument: the bucket's name. Prints `{ url, region, credentials }`, one line.
 * Its standard input must be a pipe: it ends when that is closed.
 */
import { startS3Double } from './index.js';

const [bucket = 'bench'] = process.argv.slice(2);

const double = await startS3Double();
double.createBucket(bucket);
const { url, region, credentials } = double;
process.stdout.write(`${JSON.stringify({ url, region, credentials })}\n`);
// Whoever started it holds its standard input open, and gone they leave nothing running.
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
