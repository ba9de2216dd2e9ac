import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { readProjectChoice } from '../projects/project-scope.js';
import type { ProjectChoice } from '../projects/project-scope.js';
import { readColumns, readReadingOptions, readRetention } from '../records/reading-options.js';
import type { ReadingSettings } from '../records/reading-options.js';

const PROJECTS_MAX = 500;

/** Options of {@link spansSource}. */
export interface SpansSourceOptions {
  readonly client: BraintrustClient;
  /** Id of the project whose logs are read. One of the four that choose projects is needed. */
  readonly projectId?: string | undefined;
  /**
   * Ids of several projects, 500 at most. May change between runs: a project that is added is read from its
   * beginning, one that is removed and added again goes on where it was.
   */
  readonly projectIds?: readonly string[] | undefined;
  /**
   * Name of the project, instead of an id. The first read looks it up, and the export keeps to that project for
   * good: renaming it changes nothing, and once another project has the name a read is refused.
   */
  readonly projectName?: string | undefined;
  /** Names of several projects, 100 at most. */
  readonly projectNames?: readonly string[] | undefined;
  /** A BTQL expression that rows must meet, such as `metadata.tier = 'gold'`. @defaultValue all rows */
  readonly filter?: string | undefined;
  /** Top-level fields to read; those that identify a row are always added. @defaultValue all fields */
  readonly columns?: readonly string[] | undefined;
  /** Only what was written at this time or later, to the second. @defaultValue the beginning of the data */
  readonly from?: Date | undefined;
  /** Only what was written before this time, to the second; then the source is at its end. */
  readonly until?: Date | undefined;
  /**
   * How far behind the plane's clock a read ends, in milliseconds: writes are visible by then.
   * @defaultValue 120_000
   */
  readonly settleMs?: number | undefined;
  /**
   * How far before its last end a read begins again, in milliseconds, to find what became visible late.
   * @defaultValue 600_000
   */
  readonly lookbackMs?: number | undefined;
  /** How many days the plan keeps project logs: 14, 30. The first read begins inside of them. */
  readonly sourceRetentionDays?: number | undefined;
  /**
   * What happens when one of several projects may not be read: `stop` ends the read, `continue` leaves the project
   * where it is, tells it by a `project-error` event and reads the others. @defaultValue 'stop'
   */
  readonly onProjectError?: 'stop' | 'continue' | undefined;
}

/** What sources of project logs have in common. */
export interface LogsSettings extends ReadingSettings {
  readonly projects: ProjectChoice;
  /** Ascending, without duplicates; empty when projects are chosen by name. */
  readonly projectIds: readonly string[];
  readonly retentionSeconds: number | undefined;
  readonly onProjectError: 'stop' | 'continue';
}

export interface SpansSettings extends LogsSettings {
  readonly columns: readonly string[] | undefined;
}

export function readSpansOptions(options: unknown): Readonly<SpansSettings> {
  return readOptions('spansSource', options, (reader) => ({
    ...readLogsOptions(reader),
    columns: readColumns(reader, ['project_id']),
  }));
}

/** Reads the options that sources of project logs have in common. */
export function readLogsOptions(reader: OptionReader): LogsSettings {
  const projects = readProjectChoice(reader, PROJECTS_MAX);
  return {
    ...readReadingOptions(reader),
    projects,
    projectIds: projects.ids,
    retentionSeconds: readRetention(reader),
    onProjectError: reader.oneOf('onProjectError', ['stop', 'continue'], 'stop'),
  };
}
