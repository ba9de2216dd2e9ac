import { defineConfig, type ViteUserConfig } from 'vitest/config';

import base from './vitest.config.js';

/** Tests against real servers. Kept apart from `npm test`, which needs nothing but npm. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/conformance/**/*.test.ts'],
    exclude: ['node_modules/**'],
    typecheck: { enabled: false },
    // A conformance test is added with the adapter that talks to a server; until then there is none.
    passWithNoTests: true,
  },
});

export default config;
