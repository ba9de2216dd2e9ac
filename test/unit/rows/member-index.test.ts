import { expect, it } from 'vitest';

import { splitAnswer } from '../../../src/rows/answer.js';

it('the index of members grows whatever the size of the text that it was made for', () => {
  const members = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${index}`, 1]));
  for (let pad = 0; pad < 48; pad += 1) {
    const rows = Array.from({ length: 60 }, (_, index) => ({ ...members, id: `row-${index}` }));
    const body = Buffer.from(JSON.stringify({ data: rows, pad: 'x'.repeat(pad) }));
    const ids = splitAnswer(body).rows.fields(['id'])['id'];
    expect(ids).toEqual(rows.map(({ id }) => id));
  }
});
