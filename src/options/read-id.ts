import type { OptionReader } from './index.js';

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Reads the id of an export or a policy: it becomes part of keys. */
export function readId(reader: OptionReader, name: string): string {
  const id = reader.string(name);
  if (id !== '' && !ID.test(id))
    reader.problem(
      name,
      'must be letters, digits, "_" and "-", begin with a letter or digit, 64 at most',
    );
  return id;
}
