import type { RetentionScope, TargetObject, TargetRow } from '../../interfaces/index.js';
import type { Batch } from '../decide/batches.js';
import type { ArchivedIn } from '../proof/proof.js';
import type { PolicySettings } from '../settings.js';
import {
  type DeletionIntent,
  RECEIPT_VERSION,
  type ReceiptArchive,
  type ReceiptRow,
} from './receipt.js';

/** What is about to be deleted by one batch. */
export interface Decision {
  readonly batch: Batch;
  readonly number: number;
  readonly rows: readonly TargetRow[];
  readonly object: TargetObject | null;
  /** By the host's clock. */
  readonly decidedAt: Date;
  readonly archiveOf: (row: TargetRow) => ArchivedIn | null;
}

/** The intent of a batch. */
export function intentOf(
  settings: PolicySettings,
  under: { readonly markId: string; readonly scope: RetentionScope },
  decision: Decision,
): DeletionIntent {
  const { policyId, fingerprint, unit, proof } = settings;
  const { batch, object } = decision;
  const archives = new Map<string, { readonly place: number; readonly archive: ReceiptArchive }>();
  const rows = receiptRows(decision, archives);
  return {
    version: RECEIPT_VERSION,
    policyId,
    markId: under.markId,
    batch: decision.number,
    target: fingerprint.target,
    unit,
    cutoff: under.scope.cutoff.toISOString(),
    before: under.scope.before.toISOString(),
    proof: proof === null ? null : { exportId: proof.exportId, location: proof.sink.location },
    allowTransformed: proof?.allowTransformed ?? false,
    decidedAt: decision.decidedAt.toISOString(),
    archives: [...archives.values()].map(({ archive }) => archive),
    units: batch.units.map(({ id }) => ({ id, isWhole: !batch.isPart })),
    rows,
    object: object === null ? null : { id: object.id, members: object.members },
  };
}

function receiptRows(
  { batch, rows, archiveOf }: Decision,
  archives: Map<string, { readonly place: number; readonly archive: ReceiptArchive }>,
): readonly ReceiptRow[] {
  const units = new Map(
    batch.units.flatMap((unit, place) => unit.rows.map((row) => [row.id, place] as const)),
  );
  return rows.map((row) => {
    const archive = archiveOf(row);
    return {
      object: row.objectId,
      id: row.id,
      version: row.version,
      unit: units.get(row.id) ?? 0,
      archive: archive === null ? null : placeOf(archive, archives),
    };
  });
}

function placeOf(
  { manifestKey, objectKey, sha256, checkedBy }: ArchivedIn,
  archives: Map<string, { readonly place: number; readonly archive: ReceiptArchive }>,
): number {
  const found = archives.get(objectKey);
  if (found !== undefined) return found.place;
  const place = archives.size;
  archives.set(objectKey, { place, archive: { manifestKey, objectKey, sha256, checkedBy } });
  return place;
}

/** The batch of an intent that another run left: its rows by their names alone. */
export function batchOf(intent: DeletionIntent): {
  readonly batch: Batch;
  readonly rows: readonly TargetRow[];
} {
  const rows = intent.rows.map((row) => rowOf(row));
  const object =
    intent.object === null
      ? null
      : { id: intent.object.id, created: null, heldBy: [], members: intent.object.members };
  const units = intent.units.map(({ id }, place) => ({
    id,
    rows: rows.filter((_row, index) => intent.rows[index]?.unit === place),
    isTooLarge: false,
    object,
  }));
  const isPart = intent.units.some(({ isWhole }) => !isWhole);
  return { batch: { units, isPart, object, isLast: false }, rows };
}

function rowOf({ object, id, version }: ReceiptRow): TargetRow {
  return { objectId: object, id, version, created: null, isRoot: false, heldBy: [] };
}
