import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { readProjectChoice, readTexts } from '../projects/project-scope.js';
import type { ProjectChoice } from '../projects/project-scope.js';
import { isXactId, secondsOfXactId } from '../query/xact.js';
import { readColumns, readReadingOptions } from '../records/reading-options.js';
import type { ReadingSettings } from '../records/reading-options.js';
import type { CollectionKind } from './collection-kind.js';

/** Options that {@link experimentsSource} and {@link datasetsSource} share. */
export interface CollectionOptions {
  readonly client: BraintrustClient;
  /** Id of the project. One of the four that choose projects is needed, unless ids of the objects are given. */
  readonly projectId?: string | undefined;
  /** Ids of several projects, 50 at most. May change between runs. */
  readonly projectIds?: readonly string[] | undefined;
  /** Name of the project: looked up by the first read, and kept to for good. */
  readonly projectName?: string | undefined;
  /** Names of several projects, 50 at most. */
  readonly projectNames?: readonly string[] | undefined;
  /**
   * What is given: `rows`, or `metadata`: the objects themselves, one row each with name, description, tags and
   * metadata, again whenever one of these has changed. Other options but those that choose objects go with `rows`
   * only. @defaultValue 'rows'
   */
  readonly content?: 'rows' | 'metadata' | undefined;
  /** A BTQL expression that rows must meet. @defaultValue all rows */
  readonly filter?: string | undefined;
  /** Top-level fields to read; those that identify a row are always added. @defaultValue all fields */
  readonly columns?: readonly string[] | undefined;
  /** Only what was written at this time or later, to the second. @defaultValue the beginning of the data */
  readonly from?: Date | undefined;
  /** Only what was written before this time, to the second. */
  readonly until?: Date | undefined;
  /** How far behind the plane's clock a read ends, in milliseconds. @defaultValue 120_000 */
  readonly settleMs?: number | undefined;
  /** How far before its last end a read begins again, in milliseconds. @defaultValue 600_000 */
  readonly lookbackMs?: number | undefined;
  /**
   * Most objects that one query asks for, 1 to 500. A run asks at least one query for each so many objects.
   * @defaultValue 25
   */
  readonly objectsPerQuery?: number | undefined;
}

/** Which objects: all of the projects, or those of the ids, or those of the names in the one project. */
export interface CollectionChoice {
  readonly projects: ProjectChoice;
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

export interface CollectionSettings extends CollectionChoice {
  readonly kind: CollectionKind;
  readonly client: BraintrustClient;
  /** `undefined` when the objects themselves are given, not their rows. */
  readonly reading: RowsSettings | undefined;
}

export interface RowsSettings extends ReadingSettings {
  readonly columns: readonly string[] | undefined;
  readonly version: string | undefined;
  readonly objectsPerQuery: number;
  readonly onObjectError: 'stop' | 'continue';
}

const PROJECTS_MAX = 50;
const IDS_MAX = 500;
const NAMES_MAX = 100;
const ROWS_ONLY = [
  'filter',
  'columns',
  'from',
  'until',
  'settleMs',
  'lookbackMs',
  'objectsPerQuery',
  'version',
] as const;

export function readCollectionOptions(
  factory: string,
  kind: CollectionKind,
  options: unknown,
): Readonly<CollectionSettings> {
  return readOptions(factory, options, (reader) => {
    const choice = readChoice(reader, kind);
    const content = reader.oneOf('content', ['rows', 'metadata'], 'rows');
    const client = reader.adapter<BraintrustClient>('client', ['apiUrl', 'query', 'get']);
    if (content === 'rows')
      return { kind, client, ...choice, reading: readRows(reader, kind, choice) };
    for (const name of [...ROWS_ONLY, kind.options.onError])
      if (reader.has(name)) reader.problem(name, "goes with `content: 'rows'` only");
    return { kind, client, ...choice, reading: undefined };
  });
}

function readChoice(reader: OptionReader, { noun, options }: CollectionKind): CollectionChoice {
  const none: ProjectChoice = { ids: [], names: [] };
  if (reader.has(options.ids)) {
    for (const name of ['projectId', 'projectIds', 'projectName', 'projectNames', options.names])
      if (reader.has(name)) reader.problem(name, `does not go with \`${options.ids}\``);
    return { projects: none, ids: readTexts(reader, options.ids, IDS_MAX), names: [] };
  }
  const projects = readProjectChoice(reader, PROJECTS_MAX);
  if (!reader.has(options.names)) return { projects, ids: [], names: [] };
  if (projects.ids.length + projects.names.length > 1)
    reader.problem(options.names, `needs one project: two may have ${noun}s of one name`);
  return { projects, ids: [], names: readTexts(reader, options.names, NAMES_MAX) };
}

function readRows(
  reader: OptionReader,
  { noun, records, options }: CollectionKind,
  choice: CollectionChoice,
): RowsSettings {
  const isOpen = choice.ids.length + choice.names.length === 0;
  const reading = readReadingOptions(reader);
  const version = noun === 'dataset' ? readVersion(reader) : undefined;
  // Nothing that is read as of a version was written after it.
  const end = version === undefined ? Infinity : secondsOfXactId(version) + 1;
  return {
    ...reading,
    until: Math.min(reading.until, end),
    columns: readColumns(reader, ['project_id', records.objectField ?? '']),
    version,
    objectsPerQuery: reader.number('objectsPerQuery', 25, { min: 1, max: 500 }),
    onObjectError: reader.oneOf(
      options.onError,
      ['stop', 'continue'],
      isOpen ? 'continue' : 'stop',
    ),
  };
}

function readVersion(reader: OptionReader): string | undefined {
  if (!reader.has('version')) return undefined;
  const version = reader.string('version');
  if (isXactId(version)) return version;
  reader.problem('version', 'must be a transaction id, which has 19 digits, as in `_xact_id`');
  return undefined;
}
