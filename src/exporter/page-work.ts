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
import { rowDigest } from './row-index.js';

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
  readonly rows: RowBatch;
  readonly fates: RowFate[];
  readonly digests: readonly Buffer[];
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
}

export interface PageWorkSettings {
  readonly identity: RowIdentity;
  readonly keys: KeyStrategy;
  readonly transform: Transform | undefined;
  readonly runStartedAt: Date;
  readonly isKnown: (digest: Buffer) => boolean;
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
  const { identity } = settings;
  const names = [identity.id, identity.version, identity.object, identity.created];
  const fields = rows.fields(names.filter((name) => name !== null));
  const column = (name: string | null): readonly FieldValue[] =>
    name === null ? [] : (fields[name] ?? []);
  const digests: Buffer[] = [];
  const fates: RowFate[] = [];
  for (let row = 0; row < rows.length; row += 1) {
    const error = identityProblem(fields, identity, row);
    const digest = error === null ? identityDigest(fields, identity, row) : textDigest(rows, row);
    digests.push(digest);
    if (row < repeats && settings.isKnown(digest)) fates.push(KNOWN);
    else fates.push(error === null ? DELIVER : { kind: 'bad', error });
  }
  const { outputs, starts } =
    settings.transform === undefined
      ? passThrough(rows, fates)
      : await applyTransform(rows, fates, settings.transform);
  const base = {
    rows,
    fates,
    digests,
    repeats,
    outputs,
    starts,
    created: column(identity.created),
    versions: column(identity.version),
    ids: column(identity.id),
  };
  return { ...base, ...findPlaces(base, settings) };
}

function identityProblem(
  fields: RowFields,
  identity: RowIdentity,
  row: number,
): EncodeError | null {
  for (const name of [identity.id, identity.version, identity.object]) {
    if (name === null || typeof fields[name]?.[row] === 'string') continue;
    const kind = fields[name]?.[row] === null ? 'null or absent' : 'no scalar';
    return new EncodeError(
      'ROW_INVALID',
      `A row of the page (number ${row}) has no usable \`${name}\`: it is ${kind}.`,
      {
        remedy: "Mend the row at the source, or set onBadRow to 'dead-letter'.",
        details: { rowIndex: row, field: name },
      },
    );
  }
  return null;
}

function identityDigest(fields: RowFields, identity: RowIdentity, row: number): Buffer {
  const value = (name: string | null): string => (name === null ? '' : (fields[name]?.[row] ?? ''));
  return rowDigest(value(identity.object), value(identity.id), value(identity.version));
}

/** A row without identity is told apart by its text: the lookback must not reject it twice. */
function textDigest(rows: RowBatch, row: number): Buffer {
  const { bytes, bounds } = rows.slice(row, row + 1).text();
  return rowDigest('', '', Buffer.from(bytes.subarray(bounds[0], bounds[1])).toString('latin1'));
}

interface Outputs {
  readonly outputs: RowBatch;
  readonly starts: Uint32Array;
}

/** Every row is its own output; rows that are not delivered are left out when writing. */
function passThrough(rows: RowBatch, fates: RowFate[]): Outputs {
  const starts = Uint32Array.from({ length: rows.length + 1 }, (_, index) => index);
  try {
    rows.text();
    return { outputs: rows, starts };
  } catch (error) {
    if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
  }
  // Only plain objects come here: one of them has no JSON text. Find out which, row by row.
  const usable: Row[] = [];
  const usableStarts = new Uint32Array(rows.length + 1);
  rows.objects().forEach((row, index) => {
    const error = encodeProblem([row], index);
    if (error === null) usable.push(row);
    else if (fates[index]?.kind === 'deliver') fates[index] = { kind: 'bad', error };
    usableStarts[index + 1] = usable.length;
  });
  return { outputs: rowBatchFromObjects(usable), starts: usableStarts };
}

async function applyTransform(
  rows: RowBatch,
  fates: RowFate[],
  transform: Transform,
): Promise<Outputs> {
  const results: Row[] = [];
  const starts = new Uint32Array(rows.length + 1);
  const objects = rows.objects();
  for (let row = 0; row < rows.length; row += 1) {
    if (fates[row]?.kind === 'deliver') {
      const outcome = await transformRow(transform, objects[row] ?? {}, row);
      if (outcome instanceof EncodeError) fates[row] = { kind: 'bad', error: outcome };
      else if (outcome.length === 0) fates[row] = DROPPED;
      else results.push(...outcome);
    }
    starts[row + 1] = results.length;
  }
  return { outputs: rowBatchFromObjects(results), starts };
}

async function transformRow(
  transform: Transform,
  row: Row,
  index: number,
): Promise<readonly Row[] | EncodeError> {
  let result: TransformResult;
  try {
    result = await transform(row);
  } catch (cause) {
    return transformError(index, 'threw', cause);
  }
  if (result === null) return [];
  const list: readonly Row[] = Array.isArray(result) ? result : [result as Row];
  const usable = list.every(
    (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
  );
  if (!usable) return transformError(index, 'gave something that is no row', undefined);
  return encodeProblem(list, index) ?? list;
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

function encodeProblem(rows: readonly Row[], index: number): EncodeError | null {
  try {
    rowBatchFromObjects(rows).text();
    return null;
  } catch (error) {
    if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
    return new EncodeError('ROW_UNENCODABLE', `Row ${index} of the page has no JSON text.`, {
      remedy: 'Rows hold JSON values only: no BigInt, no cycle, no undefined row.',
      details: { rowIndex: index },
      cause: error,
    });
  }
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
