import type { Awaitable } from '../../interfaces/index.js';
import type { ContractCase } from './contract-case.js';
import { LIFE_CHECKS } from './source-life-checks.js';
import { GROWTH_CHECKS, REWIND_CHECKS, ROW_CHECKS } from './source-row-checks.js';
import { ROWS } from './source-kit.js';
import type { SourceChecks, SourceFixture } from './source-kit.js';

export type { SourceFixture } from './source-kit.js';

/** What a source offers beyond the least. What it does not support is skipped, and nothing else. */
export interface SourceSupports {
  /** The fixture has `add`. */
  readonly add?: boolean | undefined;
  /** The source has `cursorAt`. */
  readonly cursorAt?: boolean | undefined;
}

export interface SourceContractOptions {
  /** A source over fresh data of exactly that many row versions, all of which a read gives. */
  readonly create: (rows: number) => Awaitable<SourceFixture>;
  readonly supports?: SourceSupports | undefined;
}

/** The rules of {@link Source} as cases for any test runner. May gain cases in a minor version. */
export function sourceContract(options: SourceContractOptions): readonly ContractCase[] {
  const { create, supports = {} } = options;
  const casesOf = (checks: SourceChecks, skip: boolean): ContractCase[] =>
    Object.entries(checks).map(([name, check]) => ({
      name,
      skip,
      run: async () => {
        const fixture = await create(name === EMPTY_CASE ? 0 : ROWS);
        try {
          await check(fixture);
        } finally {
          await fixture.close?.();
        }
      },
    }));
  return [
    ...casesOf(ROW_CHECKS, false),
    ...casesOf(LIFE_CHECKS, false),
    ...casesOf(GROWTH_CHECKS, supports.add !== true),
    ...casesOf(REWIND_CHECKS, supports.cursorAt !== true),
  ];
}

/** The one case whose source holds no rows. */
const EMPTY_CASE = 'a source without rows ends';
