export { memoryCursorStore } from '../stores/memory.js';
export {
  manualClock,
  type ManualClock,
  type ManualClockOptions,
} from '../testing/adapters/manual-clock.js';
export {
  memorySink,
  type MemorySink,
  type MemorySinkOptions,
} from '../testing/adapters/memory-sink.js';
export {
  faultPlan,
  type FaultMode,
  type FaultPlan,
  type FaultPlanOptions,
  type PlannedEffect,
} from '../testing/adapters/fault-plan.js';
export { faulty } from '../testing/adapters/faulty.js';
export {
  scriptedSource,
  type ScriptedPage,
  type ScriptedSource,
  type ScriptedSourceOptions,
  type ScriptStep,
} from '../testing/adapters/scripted-source.js';
export type { ContractCase } from '../testing/contracts/contract-case.js';
export {
  encoderContract,
  type EncoderContractOptions,
  type EncoderSupports,
} from '../testing/contracts/encoder-contract.js';
