import assert from 'node:assert/strict';

import { describe, expect, it } from 'vitest';

import { type Manifest, readManifests } from '../../src/exporter/manifest.js';
import type { Row, Sink } from '../../src/interfaces/index.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { sameChecksum } from '../../src/util/object-checksum.js';
import { override } from '../support/override.js';
import { tableExporter } from '../support/table-export.js';
import { filled, world } from '../support/table-world.js';

async function onlyManifest(sink: Sink): Promise<Manifest> {
  const manifests = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'prod' }))
    manifests.push(manifest);
  const [manifest] = manifests;
  assert(manifest !== undefined && manifests.length === 1);
  return manifest;
}

/** A sink that tells nothing of contents. */
function silentSink(): Sink {
  const inner = memorySink();
  return override<Sink>(inner, {
    open: async (head, options) => {
      const writer = await inner.open(head, options);
      return override(writer, {
        prepare: async () => ({ ...(await writer.prepare()), checksum: undefined }),
      });
    },
  });
}

describe('a manifest', () => {
  it('says which source its rows are from, and what the sink tells of each object', async () => {
    const parts = world();
    const source = override(filled(5).source(), { identity: { filter: 'a = "b"', until: null } });
    await tableExporter({ source, ...parts }).run();
    const manifest = await onlyManifest(parts.sink);
    const { name, identity } = source;
    expect(manifest).toMatchObject({ source: { name, identity }, transformed: false });
    for (const { key, checksum, sha256 } of manifest.objects) {
      expect(checksum).toBe(`sha256:${sha256}`);
      const content = parts.sink.objects.get(key) ?? new Uint8Array();
      expect(sameChecksum(checksum, (await parts.sink.head(key))?.checksum)).toBe('same');
      parts.sink.objects.set(key, Buffer.from(content).fill('x'));
      expect(sameChecksum(checksum, (await parts.sink.head(key))?.checksum)).toBe('different');
    }
  });

  it('says that rows were transformed, also if nothing came of it', async () => {
    const parts = world();
    const transform = (row: Row): Row => row;
    await tableExporter({ source: filled(5).source(), ...parts }, { transform }).run();
    expect(await onlyManifest(parts.sink)).toMatchObject({ transformed: true });
  });

  it('has no checksum of objects of which the sink tells nothing', async () => {
    const parts = { ...world(), sink: silentSink() };
    await tableExporter({ source: filled(5).source(), ...parts }).run();
    const { objects } = await onlyManifest(parts.sink);
    expect(objects.map(({ checksum }) => checksum)).toEqual([null]);
  });

  it('without what older ones lack is read, and says that it is unknown', async () => {
    const { sink, ...parts } = world();
    await tableExporter({ source: filled(5).source(), sink, ...parts }).run();
    for (const [key, content] of sink.objects) {
      if (!key.startsWith('_manifests/')) continue;
      const dropped = ['source', 'transformed', 'checksum'];
      const text = JSON.stringify(JSON.parse(Buffer.from(content).toString()), (name, value) =>
        dropped.includes(name) ? undefined : (value as unknown),
      );
      sink.objects.set(key, Buffer.from(text));
    }
    const manifest = await onlyManifest(sink);
    expect(manifest).toMatchObject({ source: null, transformed: null });
    expect(manifest.objects.map(({ checksum }) => checksum)).toEqual([null]);
  });
});
