import { Readable } from 'node:stream';

import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { s3Sink } from '../../src/entries/s3.js';
import { compare, type BenchGroup, type Contender } from './figure.js';
import { BENCH_BUCKET, withS3 } from './s3-server.js';

const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT = 4;
const CHUNK_BYTES = 64 * 1024;
const ROUNDS = 5;
const NONCE = '0123456789abcdef';

/** One large object over HTTP to a server in another process: the sink against the SDK's own uploader. */
export const s3Upload: BenchGroup = async function* ({ quick }) {
  const bytes = (quick ? 32 : 256) * 1024 * 1024;
  const chunk = Buffer.alloc(CHUNK_BYTES, 'a line of an export, again and again\n');
  const chunks = bytes / CHUNK_BYTES;
  yield await withS3(async (clientConfig) => {
    const client = new S3Client(clientConfig);
    const sink = s3Sink({
      bucket: BENCH_BUCKET,
      client,
      partBytes: PART_BYTES,
      partsInFlight: PARTS_IN_FLIGHT,
    });
    const head = { exportId: 'bench', generation: 1, nonce: NONCE, maxBytes: bytes };
    let objects = 0;
    const subject: Contender = {
      name: 's3Sink',
      run: async () => {
        objects += 1;
        const key = `${objects}/bench.${NONCE}.jsonl`;
        const writer = await sink.open({ ...head, key, contentType: 'text/plain' });
        for (let sent = 0; sent < chunks; sent += 1) await writer.write(chunk);
        await sink.commit(await writer.prepare());
        await sink.remove(key);
        return bytes;
      },
    };
    const peer: Contender = {
      name: '@aws-sdk/lib-storage Upload',
      run: async () => {
        const Body = Readable.from(repeat(chunk, chunks), { objectMode: false });
        const params = { Bucket: BENCH_BUCKET, Key: 'peer', Body };
        const settings = { partSize: PART_BYTES, queueSize: PARTS_IN_FLIGHT };
        await new Upload({ client, params, ...settings }).done();
        return bytes;
      },
    };
    return await compare('s3-upload-one-object', { subject, peer }, ROUNDS);
  });
};

function* repeat(chunk: Buffer, times: number): Generator<Buffer> {
  for (let sent = 0; sent < times; sent += 1) yield chunk;
}
