import { describe, expectTypeOf, it } from 'vitest';

import type {
  DeletionReceipt,
  Hold,
  RetentionEvent,
  RetentionPolicy,
  RetentionPolicyOptions,
  RetentionRunOptions,
  RetentionTarget,
  SendWindow,
  TargetReader,
} from 'tracehaul';

describe('the types of retention', () => {
  it('demand that a policy says whether rows need a proof', () => {
    expectTypeOf<
      Omit<RetentionPolicyOptions, 'requireExported'>
    >().not.toExtend<RetentionPolicyOptions>();
    expectTypeOf<false>().toExtend<RetentionPolicyOptions['requireExported']>();
    expectTypeOf<undefined>().not.toExtend<RetentionPolicyOptions['requireExported']>();
    expectTypeOf<true>().not.toExtend<RetentionPolicyOptions['requireExported']>();
  });

  it('let a run take the plan that a policy makes', () => {
    expectTypeOf<RetentionPolicy['plan']>().returns.resolves.toExtend<
      NonNullable<RetentionRunOptions['plan']>
    >();
  });

  it('refuse a hold that says nothing', () => {
    expectTypeOf<{ readonly tags: readonly string[] }>().toExtend<Hold>();
    expectTypeOf<{ readonly name: string }>().not.toExtend<Hold>();
    expectTypeOf<{ readonly referencedBy: readonly ['traces'] }>().not.toExtend<Hold>();
  });

  it('demand a window for every request that deletes', () => {
    expectTypeOf<Parameters<TargetReader['remove']>[1]>().toExtend<SendWindow>();
    type RemoveObject = NonNullable<TargetReader['removeObject']>;
    expectTypeOf<Parameters<RemoveObject>[1]>().toExtend<SendWindow>();
    expectTypeOf<RetentionTarget['open']>().returns.resolves.toEqualTypeOf<TargetReader>();
  });

  it('say that an outcome may not be known', () => {
    expectTypeOf<null>().toExtend<DeletionReceipt['outcome']>();
  });

  it('tell events apart by their type', () => {
    const handle = (event: RetentionEvent): void => {
      if (event.type === 'mark-set') expectTypeOf(event.dueAt).toEqualTypeOf<Date>();
      if (event.type === 'units-judge') expectTypeOf(event.markId).toEqualTypeOf<string | null>();
    };
    expectTypeOf(handle).parameter(0).toEqualTypeOf<RetentionEvent>();
  });
});
