import type { Awaitable } from '../../interfaces/index.js';
import type { ContractCase } from './contract-case.js';
import type { TargetChecks, TargetFixture } from './target-kit.js';
import { LIFE_CHECKS } from './target-life-checks.js';
import {
  OBJECT_CHECKS,
  REMOVAL_CHECKS,
  REREAD_CHECKS,
  WHOLE_UNIT_CHECKS,
} from './target-removal-checks.js';
import { HOLD_CHECKS, UNIT_CHECKS } from './target-unit-checks.js';

export type { MadeUnit, TargetFixture } from './target-kit.js';

/** What a target offers beyond the least. What it does not support is skipped, and nothing else. */
export interface TargetSupports {
  /** A unit has several rows, and may get more. */
  readonly wholeUnits?: boolean | undefined;
  /** Units have an object that goes with them. */
  readonly objects?: boolean | undefined;
}

export interface TargetContractOptions {
  /** A target over fresh data, with a few units of several rows each and at least two pages of them. */
  readonly create: () => Awaitable<TargetFixture>;
  readonly supports?: TargetSupports | undefined;
}

/**
 * The rules of a `RetentionTarget` and its readers as cases for any test runner. May gain cases in a minor
 * version.
 */
export function targetContract(options: TargetContractOptions): readonly ContractCase[] {
  const { create, supports = {} } = options;
  const casesOf = (checks: TargetChecks, skip: boolean): ContractCase[] =>
    Object.entries(checks).map(([name, check]) => ({
      name,
      skip,
      run: async () => {
        const fixture = await create();
        try {
          await check(fixture);
        } finally {
          await fixture.close?.();
        }
      },
    }));
  return [
    ...casesOf(UNIT_CHECKS, false),
    ...casesOf(HOLD_CHECKS, false),
    ...casesOf(REREAD_CHECKS, false),
    ...casesOf(WHOLE_UNIT_CHECKS, supports.wholeUnits !== true),
    ...casesOf(REMOVAL_CHECKS, false),
    ...casesOf(OBJECT_CHECKS, supports.objects !== true),
    ...casesOf(LIFE_CHECKS, false),
  ];
}
