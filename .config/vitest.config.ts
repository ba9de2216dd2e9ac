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
    // Type tests hold or fail when they are compiled: `npm test` has the compiler read them.
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: path('../tsconfig.json'),
      ignoreSourceErrors: true,
    },
    pool: 'forks',
    // Most tests wait for sockets and other processes. By default a machine of two cores would run one file at a time.
    maxWorkers: 2,
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
