export {
  braintrustClient,
  type BraintrustClient,
  type ParquetClient,
} from '../braintrust/client/client.js';
export type { ApiKeyOption } from '../braintrust/client/api-key.js';
export type { BraintrustClientOptions } from '../braintrust/client/client-options.js';
export type { CallOptions, QueryOptions, SendOptions } from '../braintrust/client/call-options.js';
export type { ApiAnswer, ParquetAnswer, WriteCall } from '../braintrust/client/attempt.js';
export {
  serviceParquet,
  type ServiceParquet,
  type ServiceParquetOptions,
} from '../braintrust/parquet/service-parquet.js';
export type { QueryParameters } from '../braintrust/client/query-parameters.js';
export type { Fetch, WriteMethod } from '../braintrust/client/follow-redirects.js';
export type {
  FreshnessState,
  QueryAnswer,
  RealtimeState,
} from '../braintrust/query/query-answer.js';
export { tracesSource } from '../braintrust/traces/traces.js';
export type { TracesSourceOptions } from '../braintrust/traces/traces-options.js';
export { braintrustAttachments } from '../braintrust/attachments/braintrust-attachments.js';
export type { BraintrustAttachmentsOptions } from '../braintrust/attachments/braintrust-attachments.js';
export { spansSource } from '../braintrust/spans/spans.js';
export type { SpansSourceOptions } from '../braintrust/spans/spans-options.js';
export { datasetsSource } from '../braintrust/datasets/datasets.js';
export type { DatasetsSourceOptions } from '../braintrust/datasets/datasets.js';
export { experimentsSource } from '../braintrust/experiments/experiments.js';
export type { ExperimentsSourceOptions } from '../braintrust/experiments/experiments.js';
export type { CollectionOptions } from '../braintrust/collections/collection-options.js';
export { projectLogs } from '../braintrust/retention/project-logs.js';
export type { ProjectLogsOptions } from '../braintrust/retention/project-logs.js';
export { datasets } from '../braintrust/retention/datasets.js';
export type { DatasetsOptions } from '../braintrust/retention/datasets.js';
export { experiments } from '../braintrust/retention/experiments.js';
export type { ExperimentsOptions } from '../braintrust/retention/experiments.js';
export { listProjects } from '../braintrust/projects/list-projects.js';
export type { Project } from '../braintrust/projects/list-projects.js';
export { btqlSource } from '../braintrust/btql/btql.js';
export type { BtqlSourceOptions } from '../braintrust/btql/btql-options.js';
export type { BtqlFrom, BtqlQuery } from '../braintrust/btql/btql-query.js';
export type { BtqlShape, BtqlSourceKind } from '../braintrust/btql/from-clause.js';
export type { BtqlMode } from '../braintrust/btql/plan-query.js';
