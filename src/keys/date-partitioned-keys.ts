import { EncodeError } from '../errors/index.js';
import type {
  FieldValue,
  KeyParts,
  KeyStrategy,
  Partition,
  PartitionInput,
} from '../interfaces/index.js';
import { readOptions, type OptionReader } from '../options/index.js';
import { parseIsoDate } from '../util/iso-date.js';
import {
  DATE_VALUE,
  FIELD_NAME,
  parseTemplate,
  renderKey,
  type KeyTemplate,
} from './key-template.js';
import { dateText } from './partition-date.js';
import { NO_VALUE, NO_VALUE_HIVE, segmentValue } from './segment-value.js';

export type DateLayout = 'date' | 'slashes' | 'hive';
export type DateGranularity = 'month' | 'day' | 'hour';

export interface DatePartitionedKeysOptions {
  /**
   * How folders are named: `2025-12-08/`, `2025/12/08/` or `date=2025-12-08/`. Hours are folders below the day
   * (`07/`, `hour=07/`); months are `2025-12/`, `2025/12/` or `month=2025-12/`. Folders of fields follow: the
   * value alone, or `project_id=...` in `hive`.
   * @defaultValue 'date'
   */
  readonly layout?: DateLayout | undefined;
  /** @defaultValue 'day' */
  readonly granularity?: DateGranularity | undefined;
  /**
   * Whose time counts, in UTC: that of the `run`, or of a field of each row, such as `created`, that holds ISO 8601.
   * A row whose field holds none raises `ROW_UNPLACEABLE`.
   * @defaultValue 'run'
   */
  readonly by?: string | undefined;
  /**
   * Whether there are folders by time.
   * @defaultValue true
   */
  readonly time?: boolean | undefined;
  /** Top-level scalar field, or fields, of the rows to make folders by, below those of the time. */
  readonly partitionBy?: string | readonly string[] | undefined;
  /**
   * A layout of one's own instead of `layout`, `granularity`, `time` and `partitionBy`, such as
   * `{year}/{month}/{field:project_id}/{exportId}.{sequence}.{nonce}{extension}`. Its file name begins with
   * `{exportId}.`, holds `{nonce}` between dots and ends with `{extension}`; it has every unit above the finest, and a
   * folder for each field alone.
   */
  readonly template?: string | undefined;
  /** Folders before everything else, such as `braintrust/traces`. */
  readonly prefix?: string | undefined;
  /**
   * Most partitions written at a time; when another is needed, the commit closes and the next begins. 1 to 28.
   * @defaultValue 16
   */
  readonly maxOpenPartitions?: number | undefined;
  /**
   * Where a row goes that lacks a field of `partitionBy`, or has null there: to a folder of its own (`~null`, or
   * `__HIVE_DEFAULT_PARTITION__` after `=`), or nowhere (`ROW_UNPLACEABLE`). An object or array there is
   * `ROW_UNPLACEABLE` in any case.
   * @defaultValue 'own-folder'
   */
  readonly onMissing?: 'own-folder' | 'refuse' | undefined;
}

interface KeySettings {
  readonly template: string;
  readonly parsed: KeyTemplate;
  readonly by: string;
  readonly onMissing: 'own-folder' | 'refuse';
  readonly maxOpenPartitions: number;
}

const FILE_NAME = '{exportId}.{generation}.{sequence}.{nonce}{extension}';

const TIME_FOLDERS: Readonly<Record<DateLayout, Readonly<Record<DateGranularity, string>>>> = {
  date: {
    month: '{year}-{month}/',
    day: '{year}-{month}-{day}/',
    hour: '{year}-{month}-{day}/{hour}/',
  },
  slashes: {
    month: '{year}/{month}/',
    day: '{year}/{month}/{day}/',
    hour: '{year}/{month}/{day}/{hour}/',
  },
  hive: {
    month: 'month={year}-{month}/',
    day: 'date={year}-{month}-{day}/',
    hour: 'date={year}-{month}-{day}/hour={hour}/',
  },
};

/**
 * Keys with folders by time, by fields of the rows, or both; by default
 * `2025-12-08/{exportId}.{generation}.{sequence}.{nonce}{extension}` with the day in UTC on which the run began.
 *
 * The values of a partition are `date`, the time cut to what the folders show, and the fields by name, each as its
 * folder shows it: letters, digits, `_`, `.` and `-` as they are, all else as `%XX`, an empty text as `~empty`, a text over
 * 120 characters cut, with a digest. Different values have different folders.
 * @throws ConfigurationError `OPTION_INVALID`, also for a template that could give two objects one key.
 */
export function datePartitionedKeys(options: DatePartitionedKeysOptions = {}): KeyStrategy {
  const { parsed, by, onMissing, template, maxOpenPartitions } = readOptions<KeySettings>(
    'datePartitionedKeys',
    withFieldList(options),
    readSettings,
  );
  const readsTime = parsed.dateCharacters > 0 && by !== 'run';
  return Object.freeze<KeyStrategy>({
    fields: Object.freeze([...new Set([...(readsTime ? [by] : []), ...parsed.fields])]),
    identity: { kind: 'date-partitioned', template, by, onMissing },
    maxOpenPartitions,
    partition: (input: PartitionInput): Partition => ({
      ...datePart(parsed, by, input),
      ...fieldParts(parsed, onMissing, input),
    }),
    key: (parts: KeyParts): string => renderKey(parsed, parts),
  });
}

/** One field may be given without an array around it. */
function withFieldList(options: DatePartitionedKeysOptions): unknown {
  const isOne = typeof options === 'object' && typeof options?.partitionBy === 'string';
  return isOne ? { ...options, partitionBy: [options.partitionBy] } : options;
}

function readSettings(reader: OptionReader): KeySettings {
  const prefix = reader.has('prefix') ? `${reader.string('prefix')}/` : '';
  if (/[{}]/.test(prefix)) reader.problem('prefix', 'must be plain text, without braces');
  const hasTemplate = reader.has('template');
  const layout = layoutTemplate(reader, hasTemplate);
  const template = prefix + (hasTemplate ? reader.string('template') : layout);
  const blamed = hasTemplate ? 'template' : reader.has('prefix') ? 'prefix' : 'partitionBy';
  const parsed = parseTemplate(template, (problem) => reader.problem(blamed, problem));
  const by = reader.string('by', 'run');
  if (reader.has('by') && parsed.dateCharacters === 0)
    reader.problem('by', 'has no effect: there are no folders by time');
  return {
    template,
    parsed,
    by,
    onMissing: reader.oneOf('onMissing', ['own-folder', 'refuse'], 'own-folder'),
    maxOpenPartitions: reader.number('maxOpenPartitions', 16, { min: 1, max: 28 }),
  };
}

/** The template that a layout stands for. */
function layoutTemplate(reader: OptionReader, hasTemplate: boolean): string {
  const names = ['layout', 'granularity', 'time', 'partitionBy'] as const;
  const given = names.filter((name) => reader.has(name));
  if (hasTemplate) for (const name of given) reader.problem(name, 'cannot go with `template`');
  const layout = reader.oneOf('layout', ['date', 'slashes', 'hive'], 'date');
  const granularity = reader.oneOf('granularity', ['month', 'day', 'hour'], 'day');
  const time = reader.boolean('time', true) ? TIME_FOLDERS[layout][granularity] : '';
  const folders = readFields(reader).map((field) =>
    layout === 'hive' ? `${field}={field:${field}}/` : `{field:${field}}/`,
  );
  return time + folders.join('') + FILE_NAME;
}

function readFields(reader: OptionReader): readonly string[] {
  if (!reader.has('partitionBy')) return [];
  const fields = reader.strings('partitionBy');
  const bad = fields.filter((field) => !FIELD_NAME.test(field));
  for (const field of bad) {
    const name = JSON.stringify(field);
    reader.problem(
      'partitionBy',
      `has ${name}; a field needs a letter, then letters, digits, "_", "-"`,
    );
  }
  return fields.filter((field) => FIELD_NAME.test(field));
}

function datePart(template: KeyTemplate, by: string, input: PartitionInput): Partition {
  if (template.dateCharacters === 0) return {};
  const date = by === 'run' ? input.runStartedAt : rowDate(by, input.fields[by]);
  return { [DATE_VALUE]: dateText(date, template.dateCharacters) };
}

function rowDate(field: string, value: FieldValue): Date {
  const date = typeof value === 'string' ? parseIsoDate(value) : null;
  if (date !== null) return date;
  const found = value === null ? 'has none' : 'holds something else';
  throw unplaceable(field, `The folder needs the time in "${field}", and the row ${found}.`);
}

function fieldParts(
  template: KeyTemplate,
  onMissing: 'own-folder' | 'refuse',
  input: PartitionInput,
): Partition {
  const parts: Record<string, string> = {};
  for (const piece of template.pieces) {
    if (piece.kind !== 'field') continue;
    const value = input.fields[piece.field];
    if (value === undefined)
      throw unplaceable(piece.field, `"${piece.field}" of the row is an object or an array.`);
    if (value === null && onMissing === 'refuse')
      throw unplaceable(piece.field, `The row has no "${piece.field}".`);
    const missing = piece.isHive ? NO_VALUE_HIVE : NO_VALUE;
    parts[piece.field] = value === null ? missing : segmentValue(value);
  }
  return parts;
}

function unplaceable(field: string, message: string): EncodeError {
  return new EncodeError('ROW_UNPLACEABLE', message, {
    remedy: 'Place rows by another field, or send such rows to the dead letters.',
    details: { field },
  });
}
