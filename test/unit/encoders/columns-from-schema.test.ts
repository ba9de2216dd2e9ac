import { describe, expect, it } from 'vitest';

import { columnsFromSchema, parquetEncoder } from '../../../src/entries/parquet.js';

const ANSWER_SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      created: { type: 'string', format: 'date-time' },
      is_root: { type: ['boolean', 'null'] },
      count: { type: 'integer' },
      share: { anyOf: [{ type: 'number' }, { type: 'null' }] },
      tags: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
      numbers: { type: 'array', items: { type: 'number' } },
      metadata: { type: 'object', properties: { model: { type: 'string' } } },
      output: {},
      either: { type: ['string', 'number'] },
      'my.key': { type: 'string' },
    },
  },
};

describe('columnsFromSchema', () => {
  it('gives each member of an answer the column that holds all its values', () => {
    const columns = columnsFromSchema(ANSWER_SCHEMA);
    expect(Object.fromEntries(columns.map(({ path, type }) => [path[0], type]))).toEqual({
      id: 'utf8',
      created: 'timestamp',
      is_root: 'boolean',
      count: 'int64',
      share: 'double',
      tags: 'utf8-list',
      numbers: 'json',
      metadata: 'json',
      output: 'json',
      either: 'json',
      'my.key': 'utf8',
    });
    expect(columnsFromSchema(ANSWER_SCHEMA.items)).toEqual(columns);
    expect(() => parquetEncoder({ schema: { name: 'answer', columns } })).not.toThrow();
  });

  it.each([[undefined], [null], ['{}'], [[]], [{}], [{ type: 'array' }], [{ items: [] }]])(
    'refuses %j, which has no properties',
    (schema) => {
      expect(() => columnsFromSchema(schema)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
    },
  );
});
