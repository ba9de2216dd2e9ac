import type { ErrorCode } from '../../errors/index.js';

/** What an answer means to the host. */
export interface Verdict {
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
  readonly retryable?: boolean;
}

/** A verdict for each kind of refusal. */
export type Verdicts = Readonly<
  Record<
    | 'unauthorized'
    | 'forbidden'
    | 'notFound'
    | 'notApi'
    | 'rateLimited'
    | 'invalid'
    | 'tooLarge'
    | 'unsupported'
    | 'unavailable'
    | 'unexpected',
    Verdict
  >
>;

const INVALID_QUERY: Verdict = {
  code: 'SOURCE_QUERY_INVALID',
  what: 'Braintrust refused the query',
  remedy: 'Correct the query, or the filter or columns that became part of it.',
};

/** What refusals of a query mean, and of a GET. */
export const QUERY_VERDICTS: Verdicts = {
  unauthorized: {
    code: 'SOURCE_UNAUTHORIZED',
    what: 'Braintrust refused the API key',
    remedy: 'Check `apiKey`, and that it belongs to this `apiUrl` (US, EU and self-hosted differ).',
  },
  forbidden: {
    code: 'SOURCE_FORBIDDEN',
    what: 'Braintrust refused access',
    remedy: 'Give the key read access to the project, and check `organization`.',
  },
  notFound: {
    code: 'SOURCE_FORBIDDEN',
    what: 'Braintrust found no such thing',
    remedy: 'Check the project ids and `apiUrl`.',
  },
  notApi: {
    code: 'SOURCE_PROTOCOL',
    what: 'There is no Braintrust API at `apiUrl`',
    remedy: 'Check `apiUrl`: it is the URL of the data plane, not of the web application.',
  },
  rateLimited: {
    code: 'SOURCE_RATE_LIMITED',
    what: 'Braintrust allows no more queries for now',
    remedy: 'Run again later, or lower `requestsPerMinute`: the limit counts all users of the API.',
    retryable: true,
  },
  invalid: INVALID_QUERY,
  tooLarge: INVALID_QUERY,
  unsupported: {
    code: 'SOURCE_QUERY_INVALID',
    what: 'This data plane cannot answer the query',
    remedy: 'Leave out what it names, or update the data plane.',
  },
  unavailable: {
    code: 'SOURCE_UNAVAILABLE',
    what: 'Braintrust could not answer',
    remedy: 'Run again later.',
    retryable: true,
  },
  unexpected: {
    code: 'SOURCE_PROTOCOL',
    what: 'Braintrust gave an answer that a query never gets',
    remedy: 'Check `apiUrl` and what stands between here and there.',
  },
};

/** What refusals of a call mean that changes something. */
export const WRITE_VERDICTS: Verdicts = {
  ...QUERY_VERDICTS,
  forbidden: {
    code: 'SOURCE_FORBIDDEN',
    what: 'Braintrust refused to change the data',
    remedy: 'Give the key the right to update and delete, and check `organization`.',
  },
  rateLimited: {
    ...QUERY_VERDICTS.rateLimited,
    what: 'Braintrust allows no more requests for now',
  },
  invalid: {
    code: 'SOURCE_QUERY_INVALID',
    what: 'Braintrust refused the change',
    remedy: 'Correct what the message names.',
  },
  tooLarge: {
    code: 'LIMIT_EXCEEDED',
    what: 'Braintrust refused the change as too large',
    remedy: 'Change less at once.',
  },
  unsupported: {
    code: 'SOURCE_QUERY_INVALID',
    what: 'This data plane cannot make the change',
    remedy: 'Update the data plane.',
  },
  unexpected: {
    ...QUERY_VERDICTS.unexpected,
    what: 'Braintrust gave an answer that a change never gets',
  },
};
