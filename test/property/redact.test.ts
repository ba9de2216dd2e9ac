import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { redact, type RedactRule, type Row } from '../../src/index.js';
import { IDENTITY_FIELDS } from '../../src/redact/redact-rule.js';

const SECRET = '«secret»';
const KEYS = ['id', 'created', 'a', 'b', 'email', 'x.y', '', '__proto__', '0', '*'] as const;

/** Values in which the secret stands alone, inside of text, and in containers. */
const values = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, 5, '', 'plain', SECRET, `in ${SECRET} text ${SECRET}`),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 4 })
    .map((members) => Object.fromEntries(members)),
}));

/** As they come from a source. Fields of identity hold nothing to redact. */
const rows = values.object.map((row): Row => {
  const members = Object.entries(row).map(([key, value]) =>
    IDENTITY_FIELDS.includes(key) ? [key, `plain ${key}`] : [key, value],
  );
  return JSON.parse(JSON.stringify(Object.fromEntries(members))) as Row;
});

const steps = fc.constantFrom('.a', '.b', '.email', '["x.y"]', '[""]', '.*', '[*]', '[0]', '.**');
const paths = fc
  .tuple(fc.constantFrom('a', 'b', '*', '**', '["x.y"]'), fc.array(steps, { maxLength: 4 }))
  .map(([first, rest]) => first + rest.join(''));

const actions = fc.constantFrom<RedactRule>(
  { mask: 'X' },
  { mask: { keepLast: 1 } },
  { hash: { key: 'a secret of more than 16 bytes' } },
  { drop: true },
);

const runs = {
  seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
  numRuns: Number(process.env['EXPORT_RUNS'] ?? 300),
};

interface Leaf {
  readonly at: readonly (string | number)[];
  readonly value: unknown;
}

/** Every value of a row with the keys and indexes that lead to it, the containers before what is in them. */
function valuesOf(value: unknown, at: readonly (string | number)[] = []): readonly Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ at, value }];
  const members = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  return [{ at, value }, ...members.flatMap(([key, item]) => valuesOf(item, [...at, key]))];
}

/** Whether a path, said as plainly as possible, leads to a place or to something around it. */
function covers(path: string, at: readonly (string | number)[]): boolean {
  if (typeof at[0] === 'string' && IDENTITY_FIELDS.includes(at[0])) return false;
  const said = path.match(/\*\*|\*(?!\*)(?!\])|\[[^\]]*\]|[^.[\]*]+/g) ?? [];
  const spelt = at.map((key) => (typeof key === 'string' ? `k${JSON.stringify(key)}` : `i${key}`));
  const parts = said.map((step) => {
    if (step === '**') return '(?:(?:k"[^"]*"|i\\d+);)*';
    if (step === '*') return 'k"[^"]*";';
    if (step === '[*]') return 'i\\d+;';
    if (/^\[\d+\]$/.test(step)) return `i${step.slice(1, -1)};`;
    const key = step.startsWith('[') ? step.slice(1, -1) : JSON.stringify(step);
    return `k${key.replaceAll('.', String.raw`\.`)};`;
  });
  // At least one step: the row itself is never replaced.
  return (
    new RegExp(`^(?=.)${parts.join('')}`).test(spelt.map((key) => `${key};`).join('')) &&
    at.length > 0
  );
}

describe('redact, over random rows and rules', () => {
  it('with patterns leaves no match anywhere, and nothing else changed', async () => {
    fc.assert(
      fc.property(rows, actions, (row, action) => {
        const before = JSON.stringify(row);
        const redacted = redact({ patterns: [SECRET], ...action })(row);
        expect(JSON.stringify(row)).toBe(before);
        expect(JSON.stringify(redacted)).not.toContain(SECRET);
        if (!before.includes(SECRET)) expect(redacted).toBe(row);
        expect(valuesOf(redacted).map(({ at }) => at)).toEqual(valuesOf(row).map(({ at }) => at));
      }),
      runs,
    );
  });

  it('with paths redacts exactly what they lead to', () => {
    let touched = 0;
    fc.assert(
      fc.property(rows, fc.array(paths, { minLength: 1, maxLength: 3 }), (row, given) => {
        const redacted = redact({ paths: given, mask: 'X' })(row);
        const after = new Map(
          valuesOf(redacted).map(({ at, value }) => [JSON.stringify(at), value]),
        );
        for (const { at, value } of valuesOf(row)) {
          const isCovered = given.some((path) => covers(path, at));
          if (isCovered) touched += 1;
          const found = after.get(JSON.stringify(at));
          const isContainer = typeof value === 'object' && value !== null;
          if (!isCovered && !isContainer) expect(found).toBe(value);
          if (isCovered && !isContainer && value !== null) expect(found).not.toBe(value);
        }
      }),
      runs,
    );
    expect(touched).toBeGreaterThan(300);
  });

  it('changes no row that it was given, and gives the same for the same', () => {
    fc.assert(
      fc.property(
        rows,
        fc.array(paths, { minLength: 1, maxLength: 3 }),
        actions,
        (row, given, action) => {
          const before = JSON.stringify(row);
          const redactor = redact({ paths: given, ...action });
          const [first, second] = [redactor(row), redactor(structuredClone(row))];
          expect(JSON.stringify(row)).toBe(before);
          expect(JSON.stringify(first)).toBe(JSON.stringify(second));
        },
      ),
      runs,
    );
  });

  it('with a fixed mask does nothing more the second time', () => {
    const rules = fc.oneof(
      paths.map((path) => ({ paths: [path], mask: 'X' })),
      fc.constant({ patterns: [SECRET], mask: 'X' }),
      fc.constant({ patterns: [SECRET], drop: true } as const),
    );
    fc.assert(
      fc.property(rows, rules, (row, rule) => {
        const redactor = redact(rule);
        const once = redactor(row);
        expect(redactor(once)).toEqual(once);
      }),
      runs,
    );
  });

  it('shares all parts that hold nothing to redact', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const redacted = redact({ patterns: [SECRET], mask: 'X' })(row);
        for (const [key, value] of Object.entries(row)) {
          const isClean = !JSON.stringify(value).includes(SECRET);
          const kept = Object.getOwnPropertyDescriptor(redacted, key)?.value as unknown;
          if (isClean) expect(kept).toBe(value);
        }
      }),
      runs,
    );
  });
});
