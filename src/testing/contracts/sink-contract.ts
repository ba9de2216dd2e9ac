import type { Awaitable, Sink } from '../../interfaces/index.js';
import type { ContractCase } from './contract-case.js';
import { CHECKSUM_CHECKS } from './sink-checksum-checks.js';
import { COMMIT_CHECKS, EXCLUSIVE_CHECKS } from './sink-commit-checks.js';
import type { SinkChecks } from './sink-kit.js';
import { EXCLUSIVE_PUT_CHECKS, MANY_OBJECTS_CHECKS, OBJECT_CHECKS } from './sink-object-checks.js';
import { STRAY_CHECKS } from './sink-stray-checks.js';

export interface SinkContractOptions<T extends Sink = Sink> {
  /** A sink over fresh, empty storage that no other case sees. Its objects may stay behind. */
  readonly create: () => Awaitable<T>;
  /**
   * Another instance over the storage of the given one, as a new process would make it.
   * @defaultValue the given instance itself
   */
  readonly reopen?: ((sink: T) => Awaitable<Sink>) | undefined;
  readonly supports?: SinkSupports | undefined;
}

/** What a sink need not do. */
export interface SinkSupports {
  /**
   * Whether of several commits of one key at the same moment one wins and the others are `OBJECT_EXISTS`.
   * @defaultValue true
   */
  readonly exclusiveCommit?: boolean | undefined;
  /**
   * Whether of several puts of one key at the same moment one creates and the others are told so.
   * @defaultValue true
   */
  readonly exclusivePut?: boolean | undefined;
  /**
   * Whether the storage is quick enough for a case with 1,005 objects.
   * @defaultValue true
   */
  readonly manyObjects?: boolean | undefined;
}

/** The rules of {@link Sink} as cases for any test runner. May gain cases in a minor version. */
export function sinkContract<T extends Sink>(
  options: SinkContractOptions<T>,
): readonly ContractCase[] {
  const { create, reopen, supports } = options;
  const casesOf = (checks: SinkChecks, isSupported = true): readonly ContractCase[] =>
    Object.entries(checks).map(([name, check]) => ({
      name,
      skip: !isSupported,
      run: async () => {
        const sink = await create();
        await check({ sink, reopen: async () => reopen?.(sink) ?? sink });
      },
    }));
  return [
    ...casesOf(COMMIT_CHECKS),
    ...casesOf(EXCLUSIVE_CHECKS, supports?.exclusiveCommit),
    ...casesOf(CHECKSUM_CHECKS),
    ...casesOf(OBJECT_CHECKS),
    ...casesOf(EXCLUSIVE_PUT_CHECKS, supports?.exclusivePut),
    ...casesOf(MANY_OBJECTS_CHECKS, supports?.manyObjects),
    ...casesOf(STRAY_CHECKS),
  ];
}
