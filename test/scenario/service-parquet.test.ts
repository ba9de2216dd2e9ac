import { createHash } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  braintrustClient,
  serviceParquet,
  type ServiceParquet,
  type ServiceParquetOptions,
} from '../../src/entries/braintrust.js';
import { parquetEncoder } from '../../src/entries/parquet.js';
import { manualClock } from '../../src/entries/testing.js';
import { reply, startScriptedServer, type ScriptedServer } from '../support/scripted-server.js';
import { textBatch } from '../support/rows.js';

const QUERY = "select: * | from: project_logs('p') | limit: 1000";

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

/** A file as a service could have made it. */
async function fileOf(rows: number): Promise<Buffer> {
  const encoder = await parquetEncoder().open();
  const texts = Array.from({ length: rows }, (_, row) => JSON.stringify({ id: `r${row}` }));
  const begun = rows === 0 ? [] : await encoder.write(textBatch(...texts));
  return Buffer.concat([...begun, ...(await encoder.finish())]);
}

async function ask(options: Partial<ServiceParquetOptions> = {}): Promise<ServiceParquet> {
  const runtime = manualClock({ autoAdvance: true });
  const client = braintrustClient({ apiKey: 'sk-secret', apiUrl: server.url, runtime });
  return await serviceParquet({ client, query: QUERY, ...options });
}

describe('a Parquet file of the service', () => {
  it.each([0, 1, 999])('of %s rows is given as it came', async (rows) => {
    const file = await fileOf(rows);
    server.script(reply(200, file));
    const sha256 = createHash('sha256').update(file).digest('hex');
    const given = await ask({ tzOffset: 480 });
    expect(given).toMatchObject({ rows, bytes: file.length, sha256, complete: true });
    expect(Buffer.compare(given.content, file)).toBe(0);
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({
      query: QUERY,
      fmt: 'parquet',
      tz_offset: 480,
    });
  });

  it.each([1_000, 1_001])('of %s rows may have been cut, and is refused', async (rows) => {
    server.script(reply(200, await fileOf(rows)));
    await expect(ask()).rejects.toMatchObject({
      code: 'RESULT_TRUNCATED',
      details: { rows, limit: 1_000 },
    });
  });

  it('is never taken for whole by a limit at which the service has cut it before', async () => {
    await expect(ask({ limit: 5_000 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(server.received).toEqual([]);
  });

  it('of as many rows as were asked for is kept when told to, and says so', async () => {
    server.script(reply(200, await fileOf(5)));
    expect(await ask({ limit: 5, onLimit: 'keep' })).toMatchObject({ rows: 5, complete: false });
  });

  it('that was cut off on its way is asked for again', async () => {
    const file = await fileOf(10);
    server.script(
      reply(200, file.subarray(0, -1)),
      reply(200, file.subarray(0, 5)),
      reply(200, file),
    );
    expect(await ask()).toMatchObject({ rows: 10 });
    expect(server.received).toHaveLength(3);
  });

  it.each([
    ['nothing', () => Buffer.alloc(0), /does not begin as one/],
    ['JSON', () => Buffer.from('{"data":[]}'), /does not begin as one/],
    [
      'another beginning',
      (file) => Buffer.concat([Buffer.from('PAR2'), file.subarray(4)]),
      /begin/,
    ],
    ['a footer that is too large', (file) => withSize(file, file.length), /larger than itself/],
    ['a footer that is too small', (file) => withSize(file, 3), /cannot be read|without rows/],
    ['other rows than its row groups', withOtherRows, /its row groups say 10/],
  ] satisfies readonly (readonly [string, (file: Buffer) => Buffer, RegExp])[])(
    'with %s is refused',
    async (_what, change, message) => {
      server.script(reply(200, change(await fileOf(10))));
      const given = ask();
      await expect(given).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
      await expect(given).rejects.toThrow(message);
    },
  );

  it('is refused as queries are', async () => {
    server.script(reply(400, '{"error":"no"}'));
    await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_QUERY_INVALID' });
    await expect(ask({ query: ' ' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('can be any bytes: reading its footer ends in an answer or an error', async () => {
    const file = await fileOf(10);
    const size = file.readUInt32LE(file.length - 8);
    const start = file.length - 8 - size;
    for (let at = start; at < file.length - 8; at += 7) {
      const changed = Buffer.from(file);
      changed[at] = changed[at]! ^ 0xff;
      server.script(reply(200, changed));
      const outcome = await ask().catch((error: unknown) => error);
      const isAnswer = typeof (outcome as ServiceParquet).rows === 'number';
      const code = (outcome as { code?: unknown }).code;
      expect(isAnswer || code === 'SOURCE_PROTOCOL' || code === 'RESULT_TRUNCATED').toBe(true);
    }
  });
});

function withSize(file: Buffer, size: number): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt32LE(size, file.length - 8);
  return changed;
}

/** The first number of rows in the footer is the file's: field 3, a zigzag number after the list of columns. */
function withOtherRows(file: Buffer): Buffer {
  const changed = Buffer.from(file);
  const size = file.readUInt32LE(file.length - 8);
  const footer = changed.subarray(file.length - 8 - size, file.length - 8);
  // An i64 field (0x16) that holds ten (0x14) before the list of structs (0x19) of row groups.
  const at = footer.indexOf(Buffer.from([0x16, 0x14, 0x19]));
  footer[at + 1] = 0x16;
  return changed;
}
