import { defineConfig, type ViteUserConfig } from 'vitest/config';

import base from './vitest.config.js';

/** Tests against real servers. Kept apart from `npm test`, which needs nothing but npm. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/conformance/**/*.test.ts'],
    exclude: ['node_modules/**'],
    globalSetup: ['test/conformance/global-setup.ts'],
    typecheck: { enabled: false },
  },
});

export default config;
