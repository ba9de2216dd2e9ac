import { describe, expect, it } from 'vitest';

import { type Exporter, settingsOf } from '../../src/exporter/exporter.js';
import { override } from '../support/override.js';
import { plainKeys } from '../support/plain-keys.js';
import { tableExporter } from '../support/table-export.js';
import { filled, world } from '../support/table-world.js';

const parts = (): Parameters<typeof tableExporter>[0] => ({
  source: filled(1).source(),
  ...world(),
});

describe('options of an exporter', () => {
  it.each([Number.NaN, 0, -1, 1.5, 29, Infinity])(
    'refuse a key strategy that opens %s partitions',
    (maxOpenPartitions) => {
      const keys = override(plainKeys(), { maxOpenPartitions });
      expect(() => tableExporter(parts(), { keys })).toThrow(/`keys` must open 1 to 28 partitions/);
    },
  );

  it('refuse to renew a lease when it may have run out', () => {
    const limits = { leaseMs: 10_000, leaseRenewMs: 6_000 };
    expect(() => tableExporter(parts(), { limits })).toThrow(/leaseRenewMs.* 500 to 5000/);
  });

  it.each([1_000, 10_000, 3_600_000])('take a lease of %s ms alone', (leaseMs) => {
    expect(() => tableExporter(parts(), { limits: { leaseMs } })).not.toThrow();
  });

  it('refuse a sink that lacks a method', () => {
    const { sink, ...others } = parts();
    const { name, location } = sink;
    expect(() => tableExporter({ ...others, sink: { name, location } as typeof sink })).toThrow(
      /`sink` lacks open, commit, put, get, head, list, remove, strays, discard/,
    );
  });
});

describe('settingsOf', () => {
  it('gives what an exporter was made of', () => {
    const made = parts();
    const settings = settingsOf(tableExporter(made));
    expect(settings).toMatchObject({ exportId: 'prod', transform: undefined });
    expect(settings?.source).toBe(made.source);
    expect(settings?.sink).toBe(made.sink);
  });

  it('gives nothing of what only looks like an exporter', () => {
    const exporter = tableExporter(parts());
    expect(settingsOf(override(exporter, {}))).toBeNull();
    expect(settingsOf({ id: 'prod' } as Exporter)).toBeNull();
  });
});
