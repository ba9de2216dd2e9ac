import { describe, expect, it } from 'vitest';

import { braintrustClient } from '../../../src/braintrust/client/client.js';
import type { BraintrustClientOptions } from '../../../src/braintrust/client/client-options.js';

describe('braintrustClient', () => {
  it('speaks to the US data plane by default', () => {
    expect(braintrustClient({ apiKey: 'sk-1' }).apiUrl).toBe('https://api.braintrust.dev');
  });

  it('names every wrong option at once and shows no secret', () => {
    const options = {
      apiKey: 'sk-se cret',
      apiUrl: 'https://me:secret@plane.test',
      requestsPerMinute: 0,
      fetch: 'no',
      apikey: 'sk-secret',
    };
    const create = (): unknown => braintrustClient(options as unknown as BraintrustClientOptions);
    expect(create).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({
          problems: [
            expect.stringContaining('apiKey'),
            expect.stringContaining('apiUrl'),
            expect.stringContaining('requestsPerMinute'),
            expect.stringContaining('fetch'),
            expect.stringContaining('apikey'),
          ] as unknown,
        }) as unknown,
      }),
    );
    expect(create).not.toThrow(/secret|se cret/);
  });

  it.each(['nonsense', 'ftp://plane.test', 'https://plane.test?x=1'])(
    'refuses the URL %s',
    (apiUrl) => {
      expect(() => braintrustClient({ apiKey: 'sk-1', apiUrl })).toThrow(/apiUrl/);
    },
  );
});
