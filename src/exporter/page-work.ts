import { EncodeError, type ExportError, isExportError } from '../errors/index.js';
import type {
  FieldValue,
  KeyStrategy,
  Page,
  Partition,
  Row,
  RowBatch,
  RowFields,
  RowIdentity,
} from '../interfaces/index.js';
import { rowBatchFromObjects } from '../rows/row-batch.js';
import { abortable } from '../util/abortable.js';
import type { ListedAttachment } from './attachments/attachment-copier.js';
import type { RefusedRows } from './refused-row.js';
import type { DigestText } from './row-index.js';
import { screenRows, textProblem } from './screen-rows.js';

/** Changes rows on their way: the new row, several, or `null` to drop it. */
export type Transform = (row: Row) => TransformResult | Promise<TransformResult>;
export type TransformResult = Row | null | readonly Row[];

/** What becomes of one source row. */
export type RowFate =
  | { readonly kind: 'deliver' }
  /** An earlier commit holds this version. */
  | { readonly kind: 'known' }
  /** `transform` dropped it. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'bad'; readonly error: ExportError };

/** A page made ready for writing. Source row `i` gives the outputs `starts[i]` up to `starts[i + 1]`. */
export interface PageWork {
  /** The source rows; one without JSON text is there by its identity alone. */
  readonly rows: RowBatch;
  readonly fates: RowFate[];
  readonly digests: readonly DigestText[];
  readonly created: readonly FieldValue[];
  readonly versions: readonly FieldValue[];
  readonly ids: readonly FieldValue[];
  /** Source rows below this index lie in a range that was read before. */
  readonly repeats: number;
  readonly outputs: RowBatch;
  readonly starts: Uint32Array;
  /** Index into `partitions` for each output. */
  readonly places: Uint32Array;
  readonly partitions: readonly Partition[];
  /** Their names, as `partitionName` gives them. */
  readonly names: readonly string[];
  /** The files that each output names, when they are copied. */
  readonly attachments?: ReadonlyMap<number, readonly ListedAttachment[]> | undefined;
}

export interface PageWorkSettings {
  readonly identity: RowIdentity;
  /** The identifying fields, when the rows lack them. */
  readonly identities?: RowFields | undefined;
  readonly keys: KeyStrategy;
  readonly transform: Transform | undefined;
  readonly runStartedAt: Date;
  readonly isKnown: (digest: DigestText) => boolean;
  readonly refused: RefusedRows;
  readonly signal: AbortSignal | undefined;
}

const DELIVER: RowFate = { kind: 'deliver' };
const KNOWN: RowFate = { kind: 'known' };
const DROPPED: RowFate = { kind: 'dropped' };

/** Decides the fate of every row of a page, transforms what is left and finds the partitions. */
export async function preparePage(
  rows: RowBatch,
  repeats: number,
  settings: PageWorkSettings,
): Promise<PageWork> {
  const { identity, transform } = settings;
  const screened = screenRows(rows, identity, settings.identities);
  const fates = screened.digests.map((digest, row): RowFate => {
    if (row < repeats && settings.isKnown(digest)) return KNOWN;
    // A row without text is no problem for a transform, which gets the object itself.
    const error =
      settings.refused.get(digest) ??
      screened.identityErrors[row] ??
      (transform === undefined ? screened.textErrors[row] : null);
    return error == null ? DELIVER : { kind: 'bad', error };
  });
  const { outputs, starts } =
    transform === undefined
      ? passThrough(screened.rows)
      : await applyTransform(rows, fates, { transform, signal: settings.signal });
  const base = {
    rows: screened.rows,
    fates,
    digests: screened.digests,
    repeats,
    outputs,
    starts,
    created: screened.column(identity.created),
    versions: screened.column(identity.version),
    ids: screened.column(identity.id),
  };
  const { places, partitions } = findPlaces(base, settings);
  return { ...base, places, partitions, names: partitions.map(partitionName) };
}

interface Outputs {
  readonly outputs: RowBatch;
  readonly starts: Uint32Array;
}

/** Every row is its own output; rows that are not delivered are left out when writing. */
function passThrough(rows: RowBatch): Outputs {
  return { outputs: rows, starts: Uint32Array.from({ length: rows.length + 1 }, (_, row) => row) };
}

export interface TransformWork {
  readonly transform: Transform;
  /** The host's function knows no signal: an abort ends the waiting for it. */
  readonly signal: AbortSignal | undefined;
}

async function applyTransform(
  rows: RowBatch,
  fates: RowFate[],
  work: TransformWork,
): Promise<Outputs> {
  const results: Row[] = [];
  const starts = new Uint32Array(rows.length + 1);
  const objects = rows.objects();
  for (let row = 0; row < rows.length; row += 1) {
    if (fates[row]?.kind === 'deliver') {
      const outcome = await transformRow(work, objects[row] ?? {}, row);
      if (outcome instanceof EncodeError) fates[row] = { kind: 'bad', error: outcome };
      else if (outcome.length === 0) fates[row] = DROPPED;
      else results.push(...outcome);
    }
    starts[row + 1] = results.length;
  }
  return { outputs: rowBatchFromObjects(results), starts };
}

/** The rows that one row becomes, none when it is dropped; or why it cannot be exported. */
export async function transformRow(
  { transform, signal }: TransformWork,
  row: Row,
  index: number,
): Promise<readonly Row[] | EncodeError> {
  let result: TransformResult;
  try {
    const given = transform(row);
    const isLater = given instanceof Promise && signal !== undefined;
    result = await (isLater ? abortable(given, signal) : given);
  } catch (cause) {
    signal?.throwIfAborted();
    return transformError(index, 'threw', cause);
  }
  if (result === null) return [];
  const list: readonly Row[] = Array.isArray(result) ? result : [result as Row];
  const usable = list.every(
    (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
  );
  if (!usable) return transformError(index, 'gave something that is no row', undefined);
  return textProblem(list, index) ?? list;
}

function transformError(index: number, problem: string, cause: unknown): EncodeError {
  return new EncodeError(
    'TRANSFORM_FAILED',
    `\`transform\` ${problem} at row ${index} of the page.`,
    {
      remedy: "Return a row, an array of rows or null; or set onBadRow to 'dead-letter'.",
      details: { rowIndex: index },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

interface Places {
  readonly places: Uint32Array;
  readonly partitions: readonly Partition[];
}

function findPlaces(
  work: Outputs & { readonly fates: RowFate[] },
  settings: PageWorkSettings,
): Places {
  const { keys, runStartedAt } = settings;
  const places = new Uint32Array(work.outputs.length);
  if (keys.fields.length === 0) {
    return { places, partitions: [keys.partition({ fields: {}, runStartedAt })] };
  }
  const columns = work.outputs.fields(keys.fields);
  const partitions: Partition[] = [];
  const known = new Map<string, number>();
  for (let row = 0; row < work.fates.length; row += 1) {
    if (work.fates[row]?.kind !== 'deliver') continue;
    for (let output = work.starts[row] ?? 0; output < (work.starts[row + 1] ?? 0); output += 1) {
      const fields = Object.fromEntries(keys.fields.map((name) => [name, columns[name]?.[output]]));
      try {
        places[output] = placeOf(keys.partition({ fields, runStartedAt }), partitions, known);
      } catch (error) {
        if (!isExportError(error, 'ROW_UNPLACEABLE')) throw error;
        work.fates[row] = { kind: 'bad', error };
      }
    }
  }
  return { places, partitions };
}

function placeOf(
  partition: Partition,
  partitions: Partition[],
  known: Map<string, number>,
): number {
  const name = partitionName(partition);
  const place = known.get(name) ?? partitions.push(partition) - 1;
  known.set(name, place);
  return place;
}

/** Equal partitions have equal names. */
export function partitionName(partition: Partition): string {
  return JSON.stringify(Object.entries(partition));
}

/** The rows of a page as a batch, whichever form the source gave. */
export function asBatch(rows: Page['rows']): RowBatch {
  return 'byteLength' in rows ? rows : rowBatchFromObjects(rows);
}
