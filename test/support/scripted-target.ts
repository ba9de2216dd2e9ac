import type {
  DeletionBatch,
  OperationOptions,
  Reread,
  RetentionScope,
  RetentionTarget,
  RetentionUnit,
  SendWindow,
  Survey,
  TargetObject,
  TargetReader,
  TargetRow,
  TargetUnit,
  UnitPage,
} from '../../src/interfaces/index.js';
import type { ManualClock } from '../../src/testing/adapters/manual-clock.js';

/** Where a test steps in; each may throw, and is told what was asked for. */
export interface TargetHooks {
  beforeReread?: (batch: DeletionBatch) => void | Promise<void>;
  /** Before rows or an object go. What it gives `false` for is said to be done, and stays. */
  beforeRemove?: (ids: readonly string[]) => void | boolean | Promise<void>;
  afterRemove?: (ids: readonly string[]) => void | Promise<void>;
  beforeRemaining?: (ids: readonly string[]) => void | Promise<void>;
}

/** A target over units in memory, which a test changes as it likes. Each page is one unit unless told otherwise. */
export class ScriptedTarget implements RetentionTarget {
  readonly name = 'scripted';
  readonly identity = { of: 'test' };
  readonly units: readonly RetentionUnit[];
  readonly objectId = null;
  readonly hooks: TargetHooks = {};
  /** What was asked for, such as `reread a-0,a-1` or `remove a-1`. */
  readonly calls: string[] = [];
  readonly windows: SendWindow[] = [];
  readonly scopes: RetentionScope[] = [];
  content: TargetUnit[] = [];
  /** Counts that the service gives; by default they are right. */
  counts: Partial<Survey> = {};
  unitsOfPage = 1;
  /** Rows that each page says were read for it; as many as it has units if not given. */
  rowsReadOfPage: number | undefined = undefined;
  /** By how much its clock is ahead of the host's, in milliseconds. */
  aheadMs = 0;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock, units: readonly RetentionUnit[] = ['trace', 'row']) {
    this.#clock = clock;
    this.units = units;
  }

  get rowIds(): string[] {
    return this.content.flatMap(({ rows }) => rows.map(({ id }) => id));
  }

  proofProblem(): null {
    return null;
  }

  versionAt(date: Date): string {
    return String(Math.floor(date.getTime() / 1_000)).padStart(12, '0');
  }

  async now(): Promise<Date> {
    return new Date(Math.floor((this.#clock.now().getTime() + this.aheadMs) / 1_000) * 1_000);
  }

  async open(scope: RetentionScope): Promise<TargetReader> {
    this.scopes.push(scope);
    return new ScriptedReader(this, this.#clock, scope);
  }

  async *probe(): AsyncGenerator<never, void, undefined> {}

  /** Takes rows away, by their ids. */
  drop(ids: readonly string[]): void {
    this.content = this.content.map((unit) => ({
      ...unit,
      rows: unit.rows.filter(({ id }) => !ids.includes(id)),
    }));
  }

  /** Changes every row that a test picks. */
  change(id: string, change: Partial<TargetRow>): void {
    this.content = this.content.map((unit) => ({
      ...unit,
      rows: unit.rows.map((row) => (row.id === id ? { ...row, ...change } : row)),
    }));
  }
}

class ScriptedReader implements TargetReader {
  readonly #target: ScriptedTarget;
  readonly #clock: ManualClock;
  readonly #scope: RetentionScope;

  constructor(target: ScriptedTarget, clock: ManualClock, scope: RetentionScope) {
    this.#target = target;
    this.#clock = clock;
    this.#scope = scope;
  }

  async survey(): Promise<Survey> {
    const { content, counts } = this.#target;
    const rows = content.flatMap((unit) => unit.rows);
    const isOld = ({ created }: { readonly created: string | null }): boolean =>
      created !== null && new Date(created) < this.#scope.cutoff;
    const candidates = rows.filter(isOld).length;
    const base = { days: [], oldest: null, newest: null };
    return { of: 'rows', existing: rows.length, candidates, ...base, ...counts };
  }

  async *units(cursor: string | null): AsyncGenerator<UnitPage, void, undefined> {
    this.#target.calls.push(`units ${cursor ?? ''}`.trim());
    const { content, unitsOfPage, rowsReadOfPage } = this.#target;
    const from = content.filter(({ id }) => cursor === null || id > cursor);
    for (let start = 0; start < from.length; start += unitsOfPage) {
      const page = from.slice(start, start + unitsOfPage).map(({ id }) => this.#unit(id));
      const rowsRead = rowsReadOfPage ?? page.length;
      yield { units: page, cursor: page.at(-1)?.id ?? '', rowsRead };
    }
  }

  async reread(batch: DeletionBatch): Promise<Reread> {
    const readAt = this.#clock.now();
    await this.#target.hooks.beforeReread?.(batch);
    this.#target.calls.push(`reread ${batch.units.map(({ id }) => id).join(',')}`);
    const units = batch.units.map(({ id, rows }) => {
      const unit = this.#unit(id);
      if (!batch.isPart) return unit;
      const own = new Set(rows.map((row) => row.id));
      return { ...unit, rows: unit.rows.filter((row) => own.has(row.id)) };
    });
    return { units, readAt };
  }

  async remove(rows: readonly TargetRow[], options: OperationOptions & SendWindow): Promise<void> {
    await this.#remove(
      rows.map(({ id }) => id),
      { options, remove: (ids) => this.#target.drop(ids) },
    );
  }

  async removeObject({ id }: TargetObject, options: OperationOptions & SendWindow): Promise<void> {
    const { content } = this.#target;
    const remove = (): void => {
      this.#target.content = content.filter((unit) => unit.object?.id !== id);
    };
    await this.#remove([id], { options, remove });
  }

  async remaining(rows: readonly TargetRow[]): Promise<readonly TargetRow[]> {
    const ids = new Set(rows.map(({ id }) => id));
    await this.#target.hooks.beforeRemaining?.([...ids]);
    this.#target.calls.push(`remaining ${[...ids].join(',')}`);
    return this.#target.content.flatMap((unit) => unit.rows.filter(({ id }) => ids.has(id)));
  }

  async objectRemains({ id }: TargetObject): Promise<boolean> {
    this.#target.calls.push(`objectRemains ${id}`);
    return this.#target.content.some(({ object }) => object?.id === id);
  }

  async #remove(
    ids: readonly string[],
    how: {
      readonly options: OperationOptions & SendWindow;
      readonly remove: (ids: readonly string[]) => void;
    },
  ): Promise<void> {
    const { notBefore, notAfter } = how.options;
    this.#target.windows.push({ notBefore, notAfter });
    this.#target.calls.push(`remove ${ids.join(',')}`);
    const isDone = await this.#target.hooks.beforeRemove?.(ids);
    if (isDone !== false) how.remove(ids);
    await this.#target.hooks.afterRemove?.(ids);
  }

  #unit(id: string): TargetUnit {
    const found = this.#target.content.find((unit) => unit.id === id);
    return found ?? { id, rows: [], isTooLarge: false, object: null };
  }
}
