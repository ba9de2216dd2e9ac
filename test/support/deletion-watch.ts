import { readReceipts } from '../../src/index.js';
import type { PolicyWorld } from './policy-world.js';

const POLICY_ID = 'logs';
const DOCUMENT = `retention/${POLICY_ID}`;

/** The members of a policy's document that tell what was decided. */
interface StoredDecision {
  readonly mark: {
    readonly sweep: { readonly open: readonly { readonly intentKey: string }[] } | null;
  } | null;
}

/** Looks at every deletion just before it is sent: its decision must be saved, and its rows written down. */
export class DeletionWatch {
  /** Deletions that were about to be sent. */
  sent = 0;
  readonly #world: PolicyWorld;
  readonly #problems: string[];

  constructor(world: PolicyWorld, problems: string[]) {
    this.#world = world;
    this.#problems = problems;
  }

  async check(ids: readonly string[]): Promise<void> {
    this.sent += 1;
    const { store, sink } = this.#world;
    const stored = (await store.load(DOCUMENT))?.document as unknown as StoredDecision | undefined;
    const open = new Set(stored?.mark?.sweep?.open.map(({ intentKey }) => intentKey));
    for await (const { intentKey, intent } of readReceipts(sink, { policyId: POLICY_ID })) {
      const named = new Set(intent.rows.map(({ id }) => id));
      if (open.has(intentKey) && ids.every((id) => named.has(id))) return;
    }
    this.#problems.push(`undecided: a deletion of ${ids.join(', ')} was sent`);
  }
}
