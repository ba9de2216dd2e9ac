import type { ApiKeys, Rights } from './access.js';
import type { BtqlSwitches } from './btql-endpoint.js';
import type { DeleteDelay } from './fading-rows.js';
import type { AnswerFaults, HeldAnswer, PlaneFault } from './faults.js';
import type { LostDeletes } from './lost-deletes.js';
import type { FreshnessOverride, PlaneObject } from './plane-object.js';
import type { PaginationKeyRewrite, PlaneState } from './plane-state.js';
import type { ForcedTransaction } from './transaction-ids.js';

export interface FaultOptions {
  /** How many answers go wrong. @defaultValue 1 */
  readonly times?: number;
  /** The path whose answers go wrong. @defaultValue `'/btql'` */
  readonly path?: string;
}

/** Faults and unusual states of a data plane, on demand. Nothing here uses a timer. */
export interface PlaneControl {
  /** Makes the next answers to a path go wrong. Several calls line up. */
  fail(fault: PlaneFault, options?: FaultOptions): void;
  /** Makes the next request to a path wait until it is released. @defaultValue `'/btql'` */
  hold(path?: string): HeldAnswer;
  /** Answers 504 to every query whose limit is above this number; `null` ends it. */
  timeOutAbove(limit: number | null): void;
  /** Refuses queries that sort by more than one key with 400. */
  refuseSecondSortKey(refuse: boolean): void;
  /** Answers every query with the answer of the one before, cursor included. */
  repeatPage(repeat: boolean): void;
  /** What answers say about how far an object is indexed; `null` ends it. */
  setFreshness(objectId: string, override: FreshnessOverride | null): void;
  /** Gives new rows other pagination keys: `null`, repeated or back-dated ones. `null` ends it. */
  rewritePaginationKeys(rewrite: PaginationKeyRewrite | null): void;
  /** Fixes time, counter or both of the next transaction. */
  nextTransaction(forced: ForcedTransaction): void;
  /** Gives the next transactions their ids at once but hides their rows until {@link PlaneControl.surface}. */
  holdTransactions(count: number): void;
  /** Shows the rows of one held transaction, or of all. */
  surface(xactId?: string): void;
  /**
   * Lets rows that are deleted from now on be seen for a while, or again after a while, unless they are
   * written anew; `null` ends it for later deletes. `history` has each delete at once.
   */
  delayDeletes(delay: DeleteDelay | null): void;
  /** Acknowledges deletes that do not happen; `null` ends it. */
  loseDeletes(lost: LostDeletes | null): void;
  /**
   * Changes what a key may do from the next request on; what is not named stays as it is.
   * @throws Error when there is no such key.
   */
  setRights(apiKey: string, rights: Rights): void;
  /** Ends all planned faults and releases what is held. */
  clear(): void;
}

/** Makes the handles that a test turns. */
export function createControl(parts: {
  readonly state: PlaneState;
  readonly faults: AnswerFaults;
  readonly apiKeys: ApiKeys;
  readonly switches: BtqlSwitches;
  readonly findObject: (objectId: string) => PlaneObject;
}): PlaneControl {
  const { state, faults, apiKeys, switches, findObject } = parts;
  return {
    fail: (fault, { times = 1, path = '/btql' } = {}) => faults.add(fault, path, times),
    hold: (path = '/btql') => faults.hold(path),
    timeOutAbove: (limit) => void (switches.timeOutAbove = limit),
    refuseSecondSortKey: (refuse) => void (switches.refuseSecondSortKey = refuse),
    repeatPage: (repeat) => void (switches.repeatPage = repeat),
    setFreshness: (objectId, override) => void (findObject(objectId).freshness = override ?? {}),
    rewritePaginationKeys: (rewrite) => void (state.rewritePaginationKey = rewrite),
    nextTransaction: (forced) => state.ids.force(forced),
    holdTransactions: (count) => void (state.holdNext = count),
    surface: (xactId) => state.surface(xactId),
    delayDeletes: (delay) => void (state.deleteDelay = delay),
    loseDeletes: (lost) => state.deleteLosses.plan(lost),
    setRights: (apiKey, rights) => apiKeys.setRights(apiKey, rights),
    clear: () => {
      faults.clear();
      state.deleteDelay = null;
      state.deleteLosses.plan(null);
      Object.assign(switches, {
        timeOutAbove: null,
        refuseSecondSortKey: false,
        repeatPage: false,
      } satisfies BtqlSwitches);
    },
  };
}
