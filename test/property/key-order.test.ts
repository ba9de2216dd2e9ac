import { assert, constantFrom, property, string } from 'fast-check';
import { expect, it } from 'vitest';

import { compareKeys } from '../../src/util/key-order.js';

/** Lone surrogates, pairs, and what UTF-16 orders behind them. */
const text = string({
  unit: constantFrom(
    'a',
    'b',
    '\0',
    'é',
    '名',
    '\ud83d',
    '\ude42',
    '\ud83d\ude42',
    '\ue000',
    '\uffff',
  ),
  maxLength: 6,
});

it('keys are in the order of their bytes in UTF-8', () => {
  assert(
    property(text, text, (left, right) => {
      const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareKeys(left, right))).toBe(order);
    }),
  );
});
