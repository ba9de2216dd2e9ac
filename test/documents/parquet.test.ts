import { describe, expect, it } from 'vitest';

import { ROW_SCHEMAS } from '../../src/encoders/columns/row-columns.js';
import { rowSchema } from '../../src/encoders/parquet/row-schemas.js';
import { COLUMN_TYPES } from '../../src/encoders/parquet/schema.js';
import { readDocument, tableNames, tableRows } from '../support/documents.js';

const document = await readDocument('docs/parquet.md');

describe('docs/parquet.md', () => {
  it('lists every type of columns', () => {
    expect(tableNames(document, '## Types')).toEqual([...COLUMN_TYPES]);
  });

  it.each(ROW_SCHEMAS)('lists the columns of %s in their order, with types and paths', (name) => {
    const { columns } = rowSchema(name, { scores: 'json', metrics: 'json' });
    const [, , ...rows] = tableRows(document, `### \`${name}\``);
    expect(rows).toEqual(
      columns.map((column) => [
        `\`${column.name}\``,
        `\`${column.type}\``,
        column.path.length > 1 ? `\`${column.path.join('.')}\`` : '',
      ]),
    );
  });
});
