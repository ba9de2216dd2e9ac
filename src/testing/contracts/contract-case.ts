/**
 * One rule of an interface as a test of its own. Independent of any test runner:
 *
 * ```ts
 * for (const { name, skip, run } of encoderContract({ create, read })) it.skipIf(skip)(name, run);
 * ```
 */
export interface ContractCase {
  /** States the rule. */
  readonly name: string;
  /** True only for what the adapter says it does not support. */
  readonly skip: boolean;
  /** Rejects with an `AssertionError` of `node:assert` when the adapter breaks the rule. */
  readonly run: () => Promise<void>;
}
