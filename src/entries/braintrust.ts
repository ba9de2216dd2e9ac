export {
  braintrustClient,
  type BraintrustClient,
  type QueryOptions,
} from '../braintrust/client/client.js';
export type { ApiKeyOption } from '../braintrust/client/api-key.js';
export type { BraintrustClientOptions } from '../braintrust/client/client-options.js';
export type { ApiAnswer } from '../braintrust/client/attempt.js';
export type { QueryParameters } from '../braintrust/client/query-parameters.js';
export type { Fetch } from '../braintrust/client/follow-redirects.js';
export type {
  FreshnessState,
  QueryAnswer,
  RealtimeState,
} from '../braintrust/query/query-answer.js';
export { spansSource } from '../braintrust/spans/spans.js';
export type { SpansSourceOptions } from '../braintrust/spans/spans-options.js';
