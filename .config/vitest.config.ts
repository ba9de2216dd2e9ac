import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
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
      { find: /^tracehaul$/, replacement: new URL('../src/index.ts', import.meta.url).pathname },
      {
        find: /^tracehaul\/(.*)$/,
        replacement: `${new URL('../src/entries/', import.meta.url).pathname}$1.ts`,
      },
    ],
  },
});
