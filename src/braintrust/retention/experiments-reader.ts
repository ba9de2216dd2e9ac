import { SourceError } from '../../errors/index.js';
import type {
  DeletionBatch,
  OperationOptions,
  Reread,
  RetentionScope,
  SendWindow,
  Survey,
  TargetObject,
  TargetReader,
  TargetRow,
  TargetUnit,
  UnitPage,
} from '../../interfaces/index.js';
import type { CallOptions } from '../client/call-options.js';
import { xactIdAt } from '../query/xact.js';
import { EXPERIMENTS } from '../records/record-kind.js';
import { compare, isOneOf } from '../records/records-query.js';
import { compareByAge, findExperiment, listExperiments, unlessGone } from './experiment-list.js';
import type { Experiment, ExperimentChoice } from './experiment-list.js';
import { readPlace, writePlace } from './experiments-cursor.js';
import { surveyExperiments } from './experiments-survey.js';
import type { HoldRules } from './holds.js';
import { readById } from './read-by-id.js';
import type { ReadContext, RowsRead, WantedRows } from './read-by-id.js';
import { byObject, remainingRows } from './remaining-rows.js';
import { removeRows } from './remove-rows.js';
import { compareForDeletion } from './retained-row.js';
import { newPageSize, secondOf } from './target-settings.js';
import { targetRow } from './units-of-rows.js';

/** What a reader of experiments is told. */
export interface ExperimentsReading {
  readonly choice: ExperimentChoice;
  readonly scope: RetentionScope;
  readonly holds: HoldRules;
  /** The places of the holds that exempt an experiment itself, ascending. */
  readonly objectHeldBy: (experiment: Experiment) => readonly number[];
}

/** More requests than this are never needed at once: what is larger is read in parts. */
const RESERVED_MAX = 10;

/** Experiments of one project with all their rows, oldest first. */
export class ExperimentsReader implements TargetReader {
  readonly #reading: ExperimentsReading;
  readonly #pageSize = newPageSize();

  constructor(reading: ExperimentsReading) {
    this.#reading = reading;
  }

  async survey(options: OperationOptions): Promise<Survey> {
    const { choice, scope } = this.#reading;
    return surveyExperiments(await listExperiments(choice, options), scope.cutoff);
  }

  async *units(cursor: string | null, options: OperationOptions): AsyncGenerator<UnitPage> {
    options.signal?.throwIfAborted();
    const { choice, scope } = this.#reading;
    const after = readPlace(cursor);
    for (const experiment of await listExperiments(choice, options)) {
      if (experiment.createdMs >= scope.cutoff.getTime()) return;
      if (after !== null && compareByAge(experiment, after) <= 0) continue;
      options.signal?.throwIfAborted();
      const read = await this.#readRows(experiment.id, ALL_ROWS, options);
      if (read === null) continue;
      const unit = this.#unitOf(experiment, read);
      yield { units: [unit], cursor: writePlace(experiment), rowsRead: read.rows.length };
    }
  }

  async reread(batch: DeletionBatch, options: OperationOptions): Promise<Reread> {
    const { client } = this.#reading.choice;
    await client.reserve(this.#requestsFor(batch), options);
    const units: TargetUnit[] = [];
    let readAt: Date | undefined;
    for (const { id, rows } of batch.units) {
      const wanted = batch.isPart ? this.#partOf(rows) : ALL_ROWS;
      const reread = await this.#rereadUnit(id, wanted, { ...options, reserved: true });
      if (reread === null) continue;
      units.push(reread.unit);
      readAt ??= reread.readAt;
    }
    // Nothing may be deleted by a batch of which nothing is left.
    return { units, readAt: readAt ?? new Date(0) };
  }

  async remove(rows: readonly TargetRow[], options: OperationOptions & SendWindow): Promise<void> {
    const { client } = this.#reading.choice;
    await removeRows({ client, kind: EXPERIMENTS }, rows, options);
  }

  async remaining(
    rows: readonly TargetRow[],
    options: OperationOptions,
  ): Promise<readonly Pick<TargetRow, 'objectId' | 'id' | 'version'>[]> {
    const found: TargetRow[] = [];
    for (const [objectId, own] of byObject(rows)) {
      const work = (): Promise<readonly TargetRow[]> => remainingRows(this.#context(options), own);
      const read = await unlessGone(this.#reading.choice, objectId, { operation: options, work });
      found.push(...(read ?? []));
    }
    return found;
  }

  async removeObject(
    { id }: TargetObject,
    { notBefore, notAfter, signal, observer }: OperationOptions & SendWindow,
  ): Promise<void> {
    const path = `/v1/experiment/${encodeURIComponent(id)}`;
    const { value } = await this.#reading.choice.client.send(
      { method: 'DELETE', path },
      { reserved: true, notBefore, notAfter, signal, observer },
    );
    const answer = value as { readonly id?: unknown; readonly deleted_at?: unknown } | null;
    if (answer?.id !== id || typeof answer.deleted_at !== 'string') throw notDeletedError();
  }

  async objectRemains({ id }: TargetObject, options: OperationOptions): Promise<boolean> {
    return (await findExperiment(this.#reading.choice, id, options)) !== null;
  }

  /** The rows first, as the time before their first request counts; `null` when the experiment is gone. */
  async #rereadUnit(
    id: string,
    wanted: Wanted,
    options: CallOptions,
  ): Promise<{ readonly unit: TargetUnit; readonly readAt: Date } | null> {
    const read = await this.#readRows(id, wanted, options);
    if (read === null) return null;
    const experiment = await findExperiment(this.#reading.choice, id, options);
    if (experiment === null) return null;
    return { unit: this.#unitOf(experiment, read), readAt: read.readAt };
  }

  async #readRows(
    objectId: string,
    wanted: Wanted,
    options: CallOptions,
  ): Promise<RowsRead | null> {
    return await unlessGone(this.#reading.choice, objectId, {
      operation: options,
      work: () => readById(this.#context(options), { objectId, ...wanted }),
    });
  }

  /** Some rows, and all those of the unit that are not in the scope. */
  #partOf(rows: readonly TargetRow[]): Wanted {
    const { cutoff, before } = this.#reading.scope;
    const ids = new Set(rows.map(({ id }) => id));
    const bound = xactIdAt(secondOf(before));
    const isWritten = compare('ge', '_xact_id', bound);
    const isYoung = compare('ge', 'created', cutoff.toISOString());
    const conditions = [{ op: 'or', children: [isOneOf('id', [...ids]), isWritten, isYoung] }];
    return { conditions, isWanted: () => true };
  }

  #requestsFor({ units, isPart }: DeletionBatch): number {
    const reads = units.map(({ rows }) => Math.ceil(rows.length / this.#pageSize.rows) + 1);
    // Each read ends with a page without rows. One more for each experiment itself, and one for the deletion.
    const requests = reads.reduce((sum, pages) => sum + pages + 1, 1);
    return Math.min(isPart ? requests + 1 : requests, RESERVED_MAX);
  }

  #unitOf(experiment: Experiment, { rows, isCut }: RowsRead): TargetUnit {
    const { id, created, members } = experiment;
    return {
      id,
      rows: rows.map(targetRow).sort(compareForDeletion),
      isTooLarge: isCut,
      object: { id, created, heldBy: this.#reading.objectHeldBy(experiment), members },
    };
  }

  #context({ signal, observer, reserved }: CallOptions): ReadContext {
    const { choice, holds } = this.#reading;
    const pageSize = this.#pageSize;
    return {
      client: choice.client,
      kind: EXPERIMENTS,
      holds,
      pageSize,
      reserved,
      // What is reserved is a reread: nothing is read after it.
      toEmptyPage: reserved,
      signal,
      observer,
    };
  }
}

type Wanted = Pick<WantedRows, 'conditions' | 'isWanted'>;

const ALL_ROWS: Wanted = {
  conditions: [compare('ge', '_xact_id', xactIdAt(0))],
  isWanted: () => true,
};

function notDeletedError(): SourceError {
  const message = "Braintrust's answer does not say that the experiment was deleted.";
  return new SourceError('SOURCE_PROTOCOL', message, {
    remedy: 'See whether it is still there before it is deleted again.',
    details: { outcome: 'unknown' },
  });
}
