export {
  braintrustClient,
  type BraintrustClient,
  type QueryOptions,
} from '../braintrust/client.js';
export type { ApiKeyOption } from '../braintrust/api-key.js';
export type { BraintrustClientOptions } from '../braintrust/client-options.js';
export type { Fetch } from '../braintrust/follow-redirects.js';
export type { FreshnessState, QueryAnswer, RealtimeState } from '../braintrust/query-answer.js';
export { spansSource } from '../braintrust/spans.js';
export type { SpansSourceOptions } from '../braintrust/spans-options.js';
