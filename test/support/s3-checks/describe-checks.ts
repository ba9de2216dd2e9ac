import assert from 'node:assert/strict';

import { describe, expect, it } from 'vitest';

import { failureText } from './expectations.js';
import { S3_CHECKS } from './index.js';
import { runS3Check, type S3Check, type S3Server } from './world.js';

/** A rule that one server breaks. */
export interface S3Exception {
  /** Part of what the check says when it fails on the server. */
  readonly seen: string;
  readonly reason: string;
}

/** By name of the check. */
export type S3Exceptions = Readonly<Record<string, S3Exception>>;

/** Runs all checks on a server. An excepted one has to fail, and in the way that its exception says. */
export function describeS3Checks(server: () => S3Server, exceptions: S3Exceptions = {}): void {
  describe('a server of S3', () => {
    for (const check of S3_CHECKS) {
      const exception = exceptions[check.name];
      if (exception === undefined) {
        it(check.name, async () => await runS3Check(check, server()));
      } else {
        it(`does not keep the rule: ${check.name} (${exception.reason})`, async () => {
          expect(await failureOf(check, server())).toContain(exception.seen);
        });
      }
    }
  });

  it('every exception names a check', () => {
    const names = new Set(S3_CHECKS.map(({ name }) => name));
    expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
    expect(names.size, 'two checks have one name').toBe(S3_CHECKS.length);
  });
}

async function failureOf(check: S3Check, server: S3Server): Promise<string> {
  try {
    await runS3Check(check, server);
  } catch (error) {
    return failureText(error);
  }
  throw new assert.AssertionError({ message: 'the rule is kept: the exception is out of date' });
}
