import { braintrustClient } from '../../src/braintrust/client/client.js';
import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import type { BraintrustClientOptions } from '../../src/braintrust/client/client-options.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';

export const API_KEY = 'sk-test-key';

/** A client of a local server whose waits take no time. */
export function quickClient(
  apiUrl: string,
  options: Partial<BraintrustClientOptions> = {},
): BraintrustClient {
  return braintrustClient({
    apiKey: API_KEY,
    apiUrl,
    requestsPerMinute: Infinity,
    runtime: manualClock({ autoAdvance: true }),
    ...options,
  });
}
