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
export {
  startDataPlane,
  type DataPlane,
  type DataPlaneOptions,
} from '../testing/plane/data-plane.js';
export type { AttachmentReference, NewAttachment } from '../testing/plane/attachments.js';
export type { ApiKey, Rights } from '../testing/plane/access.js';
export type { FaultOptions, PlaneControl } from '../testing/plane/control.js';
export type { DeleteDelay } from '../testing/plane/fading-rows.js';
export type { HeldAnswer, PlaneFault } from '../testing/plane/faults.js';
export type { LostDeletes } from '../testing/plane/lost-deletes.js';
export type {
  FreshnessOverride,
  ObjectDescription,
  ObjectRecord,
} from '../testing/plane/plane-object.js';
export type {
  CommitOptions,
  CommitResult,
  PaginationKeyRewrite,
  RowVersion,
} from '../testing/plane/plane-state.js';
export type { PlaneRequest, PlaneRequests } from '../testing/plane/request-log.js';
export type { JsonRow, ObjectType } from '../testing/plane/row-shape.js';
export {
  paginationKeyOf,
  transactionOf,
  xactIdAt,
  xactIdOf,
  type ForcedTransaction,
  type TransactionNumber,
} from '../testing/plane/transaction-ids.js';
export { generateSpans, type GenerateSpansOptions } from '../testing/plane/generate/spans.js';
export {
  sinkContract,
  type SinkContractOptions,
  type SinkSupports,
} from '../testing/contracts/sink-contract.js';
export {
  cursorStoreContract,
  type CursorStoreContractOptions,
} from '../testing/contracts/cursor-store-contract.js';
export {
  sourceContract,
  type SourceContractOptions,
  type SourceFixture,
  type SourceSupports,
} from '../testing/contracts/source-contract.js';
export {
  targetContract,
  type MadeUnit,
  type TargetContractOptions,
  type TargetFixture,
  type TargetSupports,
} from '../testing/contracts/target-contract.js';
