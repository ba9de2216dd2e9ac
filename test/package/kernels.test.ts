import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { KERNELS, kernelModule } from '../../.config/build-kernels.js';

describe('the code of kernels', () => {
  it.each(KERNELS)(
    'in $target is what $source compiles to',
    async (kernel) => {
      expect(await readFile(kernel.target, 'utf8')).toBe(await kernelModule(kernel));
    },
    60_000,
  );
});
