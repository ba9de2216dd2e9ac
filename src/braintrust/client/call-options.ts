import type { OperationOptions } from '../../interfaces/index.js';
import type { QueryParameters } from './query-parameters.js';

/** What every call of the client accepts. */
export interface CallOptions extends OperationOptions {
  /**
   * Whether the first attempt uses one of the requests that `reserve` has set aside, and so does not wait for the
   * request budget. Without one, it waits as any other.
   * @defaultValue false
   */
  readonly reserved?: boolean | undefined;
}

export interface QueryOptions extends CallOptions, QueryParameters {
  /**
   * Whether the caller can ask for fewer rows. What may help is then not retried but raised at once as
   * {@link SmallerPageNeeded}: answers 408, 500 and 504, a request out of time, an answer over the byte limit.
   * @defaultValue false
   */
  readonly canAskForLess?: boolean | undefined;
}

/** When a call may be sent, by the host's clock; both ends count. */
export interface SendOptions extends CallOptions {
  /** Not earlier than this: a clock that was set back would otherwise hide that it is too late. */
  readonly notBefore?: Date | undefined;
  /** Not later than this. */
  readonly notAfter?: Date | undefined;
}
