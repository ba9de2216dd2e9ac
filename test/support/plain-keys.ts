import type { KeyStrategy } from '../../src/interfaces/index.js';

/** Keys of the simplest kind: all rows in one folder, or one folder for each value of a field. */
export function plainKeys(field?: string, maxOpenPartitions = 3): KeyStrategy {
  return {
    fields: field === undefined ? [] : [field],
    identity: { plain: field ?? null },
    maxOpenPartitions,
    partition: ({ fields }): Record<string, string> =>
      field === undefined ? {} : { [field]: String(fields[field]) },
    key: ({ exportId, generation, sequence, nonce, partition, extension }) => {
      const folder = Object.values(partition)[0] ?? 'rows';
      return `${folder}/${exportId}.${generation}.${sequence}.${nonce}${extension}`;
    },
  };
}
