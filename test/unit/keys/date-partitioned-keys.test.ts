import { describe, expect, it } from 'vitest';

import type { FieldValue, KeyStrategy } from '../../../src/interfaces/index.js';
import {
  datePartitionedKeys,
  type DatePartitionedKeysOptions,
} from '../../../src/keys/date-partitioned-keys.js';

const RUN = new Date('2025-12-08T23:30:00Z');

function keyOf(keys: KeyStrategy, fields: Record<string, FieldValue> = {}): string {
  return keys.key({
    exportId: 'prod',
    generation: 2,
    sequence: 41,
    nonce: '0123456789abcdef',
    partition: keys.partition({ fields, runStartedAt: RUN }),
    runStartedAt: RUN,
    extension: '.jsonl.gz',
  });
}

const FILE = 'prod.2.000000000041.0123456789abcdef.jsonl.gz';

describe('datePartitionedKeys', () => {
  it.each<[DatePartitionedKeysOptions, string]>([
    [{}, '2025-12-08/'],
    [{ layout: 'slashes' }, '2025/12/08/'],
    [{ layout: 'hive' }, 'date=2025-12-08/'],
    [{ granularity: 'hour' }, '2025-12-08/23/'],
    [{ granularity: 'hour', layout: 'slashes' }, '2025/12/08/23/'],
    [{ granularity: 'hour', layout: 'hive' }, 'date=2025-12-08/hour=23/'],
    [{ granularity: 'month' }, '2025-12/'],
    [{ granularity: 'month', layout: 'slashes' }, '2025/12/'],
    [{ granularity: 'month', layout: 'hive' }, 'month=2025-12/'],
    [{ time: false }, ''],
    [{ prefix: 'braintrust/traces' }, 'braintrust/traces/2025-12-08/'],
  ])('with %j puts objects of a run into "%s"', (options, folder) => {
    const keys = datePartitionedKeys(options);
    expect(keys.fields).toEqual([]);
    expect(keyOf(keys)).toBe(folder + FILE);
  });

  it('places rows by the UTC day of a field, whatever its zone', () => {
    const keys = datePartitionedKeys({ by: 'created' });
    expect(keys.fields).toEqual(['created']);
    const folder = (created: string): string => keyOf(keys, { created }).split('/')[0] as string;
    expect(folder('2025-03-09T01:02:03.456Z')).toBe('2025-03-09');
    expect(folder('2025-03-09T01:02:03+02:00')).toBe('2025-03-08');
    expect(folder('2025-03-09T23:00:00-0200')).toBe('2025-03-10');
    expect(folder('2025-03-09 23:59:59.999999')).toBe('2025-03-09');
    expect(folder('2025-03-09')).toBe('2025-03-09');
    expect(folder('2024-02-29T00:00Z')).toBe('2024-02-29');
  });

  it.each<[FieldValue]>([
    [null],
    [undefined],
    [''],
    ['yesterday'],
    ['1741482123'],
    ['2025-02-29T00:00:00Z'],
    ['2025-13-01'],
    ['2025-03-09T25:00:00Z'],
    ['0000-01-01T00:00:00+12:00'],
  ])('refuses a row whose time is %j', (created) => {
    const keys = datePartitionedKeys({ by: 'created' });
    expect(() => keys.partition({ fields: { created }, runStartedAt: RUN })).toThrow(
      expect.objectContaining({ code: 'ROW_UNPLACEABLE', details: { field: 'created' } }),
    );
  });

  it('makes folders by fields below the time, or alone', () => {
    const fields = { project_id: 'p1', is_root: 'true' };
    const hive = datePartitionedKeys({ layout: 'hive', partitionBy: ['project_id', 'is_root'] });
    expect(keyOf(hive, fields)).toBe(`date=2025-12-08/project_id=p1/is_root=true/${FILE}`);
    const alone = datePartitionedKeys({ time: false, partitionBy: 'project_id' });
    expect(keyOf(alone, fields)).toBe(`p1/${FILE}`);
    expect(alone.partition({ fields, runStartedAt: RUN })).toEqual({ project_id: 'p1' });
  });

  it.each([
    ['a/b', 'a%2Fb'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['_private', '%5Fprivate'],
    ['a_b.c-d', 'a_b.c-d'],
    ['', '~empty'],
    ['~null', '%7Enull'],
    ['100%', '100%25'],
    ['é', '%C3%A9'],
    ['x'.repeat(120), 'x'.repeat(120)],
  ])('writes the value %j as the folder %s', (value, folder) => {
    const keys = datePartitionedKeys({ time: false, partitionBy: 'name' });
    expect(keyOf(keys, { name: value })).toBe(`${folder}/${FILE}`);
  });

  it('cuts long values and keeps them apart by a digest', () => {
    const keys = datePartitionedKeys({ time: false, partitionBy: 'name' });
    const folders = ['é'.repeat(400), 'é'.repeat(401)].map(
      (name) => keyOf(keys, { name }).split('/')[0] as string,
    );
    expect(folders[0]).toMatch(/^(%[0-9A-F]{2})+~[0-9a-f]{32}$/);
    expect(folders[0]).not.toBe(folders[1]);
  });

  it('gives rows without the field a folder of their own, or refuses them', () => {
    const place = (options: DatePartitionedKeysOptions, name: FieldValue): string =>
      keyOf(datePartitionedKeys({ time: false, partitionBy: 'name', ...options }), { name });
    expect(place({}, null)).toBe(`~null/${FILE}`);
    expect(place({ layout: 'hive' }, null)).toBe(`name=__HIVE_DEFAULT_PARTITION__/${FILE}`);
    const unplaceable = expect.objectContaining({ code: 'ROW_UNPLACEABLE' }) as Error;
    expect(() => place({ onMissing: 'refuse' }, null)).toThrow(unplaceable);
    expect(() => place({}, undefined)).toThrow(unplaceable);
  });

  it('fills in templates', () => {
    const keys = datePartitionedKeys({
      template: '{year}/{month}/{day}/{field:project_id}/{exportId}.{sequence}.{nonce}{extension}',
      by: 'created',
    });
    expect(keys.fields).toEqual(['created', 'project_id']);
    expect(keyOf(keys, { created: '2025-03-09T01:00:00Z', project_id: 'p/1' })).toBe(
      '2025/03/09/p%2F1/prod.000000000041.0123456789abcdef.jsonl.gz',
    );
  });

  it.each<[string, RegExp]>([
    ['{year}/{exportId}{extension}', /lacks \{nonce\}/],
    ['{year}/{nonce}', /must end with \{extension\}/],
    ['{year}/{exportId}-{nonce}{extension}', /must name files \{exportId\}/],
    ['{exportId}/{nonce}{extension}', /must name files/],
    ['{exportId}.{sequence}-{nonce}{extension}', /must name files/],
    ['{yaer}/{nonce}{extension}', /unknown placeholder "\{yaer\}"/],
    ['{day}/{nonce}{extension}', /has \{day\} but lacks \{year\} and \{month\}/],
    ['{field:a}{field:b}/{nonce}{extension}', /a folder for each field alone/],
    ['{field:a}/{nonce}{field:b}{extension}', /a folder for each field alone/],
    ['{field:a}/x={field:a}/{nonce}{extension}', /names a field twice/],
    ['{field:a b}/{nonce}{extension}', /cannot be a folder's field/],
    ['{year}/{field:date}/{nonce}{extension}', /cannot name a field "date" beside a time/],
    ['{year}//{nonce}{extension}', /segment ""/],
    ['../{nonce}{extension}', /segment "\.\."/],
    ['_manifests/{nonce}{extension}', /must not begin with "_"/],
    ['{year/{nonce}{extension}', /brace without its partner/],
  ])('refuses the template %s', (template, problem) => {
    expect(() => datePartitionedKeys({ template })).toThrow(problem);
  });

  it.each<[DatePartitionedKeysOptions, RegExp]>([
    [{ template: '{nonce}{extension}', layout: 'hive' }, /`layout` cannot go with `template`/],
    [{ prefix: '/x' }, /`prefix` can give a key that no sink takes/],
    [{ prefix: '_manifests' }, /`prefix` must not begin with "_"/],
    [{ prefix: '{year}' }, /`prefix` must be plain text/],
    [{ prefix: 'x'.repeat(900) }, /`prefix` can give a key that no sink takes/],
    [{ partitionBy: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, /over 900 bytes/],
    [{ partitionBy: '_xact_id' }, /`partitionBy` has "_xact_id"/],
    [{ maxOpenPartitions: 29 }, /from 1 to 28/],
    [{ time: false, by: 'created' }, /`by` has no effect/],
    [{ layout: 'weekly' as 'date' }, /must be one of 'date', 'slashes', 'hive'/],
  ])('refuses the options %j', (options, problem) => {
    expect(() => datePartitionedKeys(options)).toThrow(problem);
  });

  it('is told apart by what decides keys, and not by how many partitions are open', () => {
    const identity = (options: DatePartitionedKeysOptions): string =>
      JSON.stringify(datePartitionedKeys(options).identity);
    expect(identity({ maxOpenPartitions: 3 })).toBe(identity({}));
    expect(identity({ layout: 'hive' })).not.toBe(identity({}));
    expect(identity({ by: 'created' })).not.toBe(identity({}));
    expect(identity({ prefix: 'x' })).not.toBe(identity({}));
  });
});
