import { seededRandom } from '../adapters/seeded-random.js';
import type { DeleteDelay } from './fading-rows.js';
import { DeleteLosses } from './lost-deletes.js';
import { PlaneObject } from './plane-object.js';
import type { ObjectDescription } from './plane-object.js';
import { randomUuid } from './random.js';
import type { Random } from './random.js';
import { badRequest } from './refusal.js';
import type { JsonRow, ObjectType } from './row-shape.js';
import { parseStored } from './row-table.js';
import type { StoredRow } from './row-table.js';
import { paginationKeyOf, TransactionIds, transactionOf, xactIdOf } from './transaction-ids.js';
import type { TransactionNumber } from './transaction-ids.js';
import { addComment, checkEvent, mergeIntoRow, replaceRow } from './write-row.js';
import type { RowStamp } from './write-row.js';

const TRANSACTION_MAX_ROWS = 65_536;

/** One version of one row, as it was committed. */
export interface RowVersion {
  readonly objectType: ObjectType;
  readonly objectId: string;
  readonly id: string;
  readonly xactId: string;
  /** Whether this version removed the row. */
  readonly deleted: boolean;
  /** Whether queries showed it; not so when it surfaced after a later write of the row. */
  readonly shown: boolean;
}

/** One event and the object that it is for. */
export interface TargetedEvent {
  readonly object: PlaneObject;
  readonly event: JsonRow;
}

export interface CommitOptions {
  /** Stamps the transaction with another time than now. */
  readonly at?: Date | undefined;
  /** Gives the transaction its id now and shows its rows when it is surfaced. */
  readonly held?: boolean | undefined;
}

export interface CommitResult {
  readonly xactId: string;
  /** The id of each event's row, in the order of the events. */
  readonly rowIds: readonly string[];
}

interface IdentifiedEvent extends TargetedEvent {
  /** The event's own id. */
  readonly id: string;
  /** The row that changes: the event's own, or the one that a comment is about. */
  readonly rowId: string;
}

/** Rewrites the key that a new row would get: `null`, a repeated or a back-dated one. */
export type PaginationKeyRewrite = (key: string, rowIndex: number) => string | null;

/** Everything the plane knows: projects, experiments, datasets, their rows and what was ever written. */
export class PlaneState {
  readonly organization: { readonly id: string; readonly name: string };
  readonly ids: TransactionIds;
  readonly history: RowVersion[] = [];
  readonly now: () => Date;
  rewritePaginationKey: PaginationKeyRewrite | null = null;
  /** How many of the next transactions to hold back. */
  holdNext = 0;
  /** How long rows that are deleted from now on can still be seen. */
  deleteDelay: DeleteDelay | null = null;
  readonly deleteLosses: DeleteLosses = new DeleteLosses();
  readonly #random: Random;
  readonly #objects = new Map<string, PlaneObject>();
  readonly #held = new Map<string, () => void>();

  constructor(options: {
    readonly now: () => Date;
    readonly organization: string;
    readonly seed: number;
  }) {
    this.now = options.now;
    this.#random = seededRandom(options.seed);
    this.organization = { id: this.newId(), name: options.organization };
    this.ids = new TransactionIds(options.now);
  }

  newId(): string {
    return randomUuid(this.#random);
  }

  /** All objects of a type, deleted ones as well, oldest first. */
  objects(type: ObjectType): readonly PlaneObject[] {
    return [...this.#objects.values()].filter((object) => object.type === type);
  }

  /** The object of an id, unless it or its project is deleted. */
  find(type: ObjectType, id: string): PlaneObject | undefined {
    const object = this.#objects.get(`${type}:${id}`);
    return object === undefined || this.isDeleted(object) ? undefined : object;
  }

  isDeleted({ deletedAt, record }: PlaneObject): boolean {
    const project = this.#objects.get(`project_logs:${record.projectId}`);
    return deletedAt !== null || project?.deletedAt !== null;
  }

  findByName(type: ObjectType, name: string, projectId?: string): PlaneObject | undefined {
    return this.objects(type).find(
      (object) =>
        object.record.name === name &&
        !this.isDeleted(object) &&
        (projectId === undefined || object.record.projectId === projectId),
    );
  }

  /** Creates an object; a project is its own project. */
  create(
    type: ObjectType,
    fields: ObjectDescription & { readonly name: string; readonly projectId?: string },
  ): PlaneObject {
    const id = this.newId();
    const record = {
      id,
      projectId: fields.projectId ?? id,
      name: fields.name,
      created: this.now().toISOString(),
      description: fields.description ?? null,
      metadata: fields.metadata ?? null,
      tags: fields.tags ?? null,
      datasetId: fields.datasetId ?? null,
      datasetVersion: fields.datasetVersion ?? null,
    };
    const object = new PlaneObject(type, record, this.organization.id);
    this.#objects.set(`${type}:${id}`, object);
    return object;
  }

  /** Writes events as one transaction: all of them, or none when one is refused. */
  commit(events: readonly TargetedEvent[], options: CommitOptions = {}): CommitResult {
    // The row's place in its transaction has 16 bits in a pagination key; other keys have no such bound.
    if (events.length > TRANSACTION_MAX_ROWS && this.rewritePaginationKey === null)
      throw badRequest(`One transaction holds ${TRANSACTION_MAX_ROWS} rows at most.`);
    const identified = events.map((target) => this.#identify(target));
    const held = options.held ?? this.holdNext > 0;
    if (options.held === undefined && held) this.holdNext -= 1;
    const backDated = held || options.at !== undefined;
    const transaction = this.ids.next({
      at: options.at,
      above: backDated ? undefined : lastTransactionOf(identified),
    });
    const time = options.at ?? this.now();
    const apply = (): void => this.#apply(identified, transaction, time);
    if (held) this.#held.set(xactIdOf(transaction), apply);
    else apply();
    return { xactId: xactIdOf(transaction), rowIds: identified.map(({ id }) => id) };
  }

  /** Shows the rows of one held transaction, or of all of them, in the order they were written. */
  surface(xactId?: string): void {
    if (xactId !== undefined && !this.#held.has(xactId))
      throw badRequest(`No transaction ${xactId} is held.`);
    for (const [heldId, apply] of this.#held) {
      if (xactId !== undefined && xactId !== heldId) continue;
      this.#held.delete(heldId);
      apply();
    }
  }

  #identify({ object, event }: TargetedEvent): IdentifiedEvent {
    checkEvent(object.type, event);
    const id = (event['id'] as string | undefined) ?? this.newId();
    const rowId = event['comment'] === undefined ? id : commentedRow(event);
    return { object, event: event['id'] === id ? event : { ...event, id }, id, rowId };
  }

  #apply(events: readonly IdentifiedEvent[], transaction: TransactionNumber, time: Date): void {
    const xactId = xactIdOf(transaction);
    events.forEach(({ object, event, rowId }, rowIndex) => {
      const live = object.written(rowId);
      const lastXactId = object.lastXactOf(rowId) ?? '';
      const shown = lastXactId <= xactId;
      const stamp: RowStamp = {
        xactId,
        time,
        objectFields: object.rowFields,
        paginationKey:
          live === undefined
            ? this.#paginationKey(event, transaction, rowIndex)
            : live.paginationKey,
      };
      const row = this.#write({ object, event }, live, stamp);
      if (row === undefined) return;
      const { type: objectType, record } = object;
      if (lastXactId === xactId) this.#forgetVersion(record.id, rowId);
      const version = { objectType, objectId: record.id, id: rowId, xactId };
      this.history.push({ ...version, deleted: row === null, shown });
      if (!shown) return;
      if (row === null && live !== undefined && this.deleteDelay !== null)
        object.fading.add(live, this.now(), this.deleteDelay);
      keep(object, { rowId, row, stamp });
    });
  }

  /** Two events of one transaction for one row make one version of it. */
  #forgetVersion(objectId: string, id: string): void {
    const place = this.history.findLastIndex(
      (version) => version.objectId === objectId && version.id === id,
    );
    this.history.splice(place, 1);
  }

  /** The row after the event, `null` when it is deleted, `undefined` when there is nothing to write. */
  #write(
    { object, event }: Pick<IdentifiedEvent, 'object' | 'event'>,
    live: StoredRow | undefined,
    stamp: RowStamp,
  ): JsonRow | null | undefined {
    if (event['_object_delete'] === true)
      return this.deleteLosses.take(String(event['id'])) ? undefined : null;
    const old = live === undefined ? null : parseStored(live);
    if (event['comment'] !== undefined)
      return old === null ? undefined : addComment(object.type, event, { old, stamp });
    if (event['_is_merge'] === true && old !== null)
      return mergeIntoRow(object.type, event, { old, stamp });
    return replaceRow(object.type, event, { old, stamp });
  }

  #paginationKey(event: JsonRow, transaction: TransactionNumber, rowIndex: number): string | null {
    const override = event['_bt_internal_override_pagination_key'];
    if (typeof override === 'string') return override;
    const key = paginationKeyOf(transaction, rowIndex);
    return this.rewritePaginationKey === null ? key : this.rewritePaginationKey(key, rowIndex);
  }
}

function commentedRow(event: JsonRow): string {
  const origin = event['origin'];
  const id = typeof origin === 'object' && origin !== null ? (origin as JsonRow)['id'] : undefined;
  if (typeof id === 'string') return id;
  throw badRequest('A comment needs `origin.id`.');
}

function lastTransactionOf(events: readonly IdentifiedEvent[]): TransactionNumber | undefined {
  let last: string | undefined;
  for (const { object, rowId } of events) {
    const xactId = object.lastXactOf(rowId);
    if (xactId !== undefined && (last === undefined || xactId > last)) last = xactId;
  }
  return last === undefined ? undefined : transactionOf(last);
}

function keep(
  object: PlaneObject,
  write: { readonly rowId: string; readonly row: JsonRow | null; readonly stamp: RowStamp },
): void {
  const { rowId, row, stamp } = write;
  const { xactId, paginationKey } = stamp;
  const stored =
    row === null
      ? null
      : {
          id: rowId,
          xactId,
          paginationKey,
          created: String(row['created']),
          rootSpanId: String(row['root_span_id']),
          isRoot: row['is_root'] === true,
          text: Buffer.from(JSON.stringify(row)),
        };
  object.keep(rowId, xactId, stored);
}
