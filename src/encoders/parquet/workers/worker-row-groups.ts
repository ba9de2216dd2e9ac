import { setImmediate as nextTurn } from 'node:timers/promises';

import { assert } from '../../../errors/index.js';
import type { EncodedRowGroup, RowGroups } from '../row-groups.js';
import type { MemberText } from '../row-window.js';
import { GroupText } from './group-text.js';
import { PendingRowGroup } from './pending-row-group.js';
import type { WorkerPool } from './worker-pool.js';

/** A last row group below this size is not worth a worker. */
const WORKER_MIN_BYTES = 1024 * 1024;

/** What makes the row groups of one object in workers. */
export interface WorkerRowGroupsOptions {
  readonly pool: WorkerPool;
  /** For a row group that is not worth a worker. */
  readonly createSliced: () => Promise<RowGroups>;
}

/** Collects rows, and has workers make whole row groups of them. */
export class WorkerRowGroups implements RowGroups {
  readonly #options: WorkerRowGroupsOptions;
  #filling: GroupText | null = null;
  /** In the order of the file. */
  #pending: PendingRowGroup[] = [];
  #isOpen = true;

  constructor(options: WorkerRowGroupsOptions) {
    this.#options = options;
    options.pool.join();
  }

  get pendingInputBytes(): number {
    const filling = this.#filling?.inputBytes ?? 0;
    return this.#pending.reduce((sum, { inputBytes }) => sum + inputBytes, filling);
  }

  async take(text: MemberText): Promise<readonly EncodedRowGroup[]> {
    const rows = text.bounds.length / 2;
    for (let row = 0; row < rows;) {
      this.#filling ??= new GroupText(this.#options.pool.takeBuffers());
      row = this.#filling.add(text, row);
      if (this.#filling.isFull) await this.#post(this.#filling);
      await nextTurn();
      assert(this.#isOpen, 'the object was aborted while it took rows');
    }
    return this.#takeReady();
  }

  async finish(): Promise<readonly EncodedRowGroup[]> {
    const rest = this.#filling;
    if (rest !== null) {
      if (rest.inputBytes >= WORKER_MIN_BYTES) await this.#post(rest);
      else this.#pending.push(new PendingRowGroup(rest.inputBytes, this.#encodeHere(rest)));
    }
    const groups: EncodedRowGroup[] = [];
    for (const { group } of this.#pending) groups.push(await group);
    await this.#close();
    return groups;
  }

  abort(): void {
    // Workers that cannot be ended have ended.
    void this.#close().catch(() => undefined);
  }

  async #post(text: GroupText): Promise<void> {
    const { inputBytes } = text;
    const { group } = await this.#options.pool.post(text);
    assert(this.#isOpen, 'the object was aborted while its rows waited for a worker');
    this.#pending.push(new PendingRowGroup(inputBytes, group));
    this.#filling = null;
  }

  async #encodeHere(text: GroupText): Promise<EncodedRowGroup> {
    const sliced = await this.#options.createSliced();
    const groups = [...(await sliced.take(text.text())), ...(await sliced.finish())];
    const [group] = groups;
    assert(group !== undefined && groups.length === 1, 'rows of one row group made another number');
    return group;
  }

  /** A failure counts at once, whatever comes before it. */
  #takeReady(): readonly EncodedRowGroup[] {
    for (const pending of this.#pending) pending.throwFailure();
    const waiting = this.#pending.findIndex(({ outcome }) => outcome === null);
    const ready = this.#pending.splice(0, waiting === -1 ? this.#pending.length : waiting);
    return ready.map(({ outcome }) => outcome as EncodedRowGroup);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#filling = null;
    this.#pending = [];
    await this.#options.pool.leave();
  }
}
