import { ConfigurationError } from '../errors/index.js';

const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/**
 * Loads an optional package on first use.
 * @throws ConfigurationError `CAPABILITY_MISSING` with the command that installs it.
 */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!NOT_FOUND.includes((cause as { readonly code?: unknown } | null)?.code)) throw cause;
    throw new ConfigurationError('CAPABILITY_MISSING', `The package ${name} is not installed.`, {
      remedy: `Install it: npm install ${name}.`,
      details: { package: name },
      cause,
    });
  }
}
