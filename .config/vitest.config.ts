import { fileURLToPath } from 'node:url';

import { defineConfig, type ViteUserConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const config: ViteUserConfig = defineConfig({
  test: {
    root: path('..'),
    include: ['test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'node_modules/**'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    reporters: ['default'],
  },
  resolve: {
    alias: [
      { find: /^tracehaul$/, replacement: path('../src/index.ts') },
      { find: /^tracehaul\/(.*)$/, replacement: `${path('../src/entries/')}$1.ts` },
    ],
  },
});

export default config;
