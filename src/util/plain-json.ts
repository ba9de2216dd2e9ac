import type { Json } from '../interfaces/index.js';

/** A value as it will come back from a cursor store: without members that are undefined. */
export function plainJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}
