import { type FaultPlan, faultPlan } from '../../src/testing/adapters/fault-plan.js';

/** A plan without faults that tells of every effect as it begins, by its number; the first is 1. */
export function listenToEffects(onEffect: (effect: number) => void): FaultPlan {
  const plan = faultPlan();
  let begun = 0;
  return {
    get count() {
      return plan.count;
    },
    get crashed() {
      return plan.crashed;
    },
    effects: plan.effects,
    reached: plan.reached,
    run: async (effect) => {
      begun += 1;
      onEffect(begun);
      return await plan.run(effect);
    },
    release: () => plan.release(),
    throwIfCrashed: () => plan.throwIfCrashed(),
  };
}
