import { describe, inject, it } from 'vitest';

import { sinkContract } from 'tracehaul/testing';

import { freshSink } from '../support/s3-place.js';

/** A completion of S3 has no precondition: two of one key at one moment are kept apart by the nonce in the key. */
const SUPPORTS = { exclusiveCommit: false } as const;

const ADAPTERS = {
  radosgw: sinkContract({
    create: () => freshSink(inject('radosgw')),
    reopen: (sink) => sink.again(),
    supports: SUPPORTS,
  }),
  'radosgw, below a prefix, with Content-MD5': sinkContract({
    create: () => freshSink(inject('radosgw'), { prefix: 'team a/über', checksum: 'md5' }),
    reopen: (sink) => sink.again(),
    supports: { ...SUPPORTS, manyObjects: false },
  }),
  swift: sinkContract({
    create: () => freshSink(inject('swift')),
    reopen: (sink) => sink.again(),
    // It answers 501 to a conditional put: the sink looks before it puts, which takes long for many.
    supports: { ...SUPPORTS, exclusivePut: false, manyObjects: false },
  }),
};

describe.each(Object.entries(ADAPTERS))('s3Sink on %s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});
