import { describe, expect, it } from 'vitest';

import { isExportError, type ConfigurationError } from '../../../src/errors/index.js';
import { kindOf, readOptions, type OptionReader } from '../../../src/options/index.js';

const SECRET = 'sk-very-secret-0123456789';

function failureOf(options: unknown, read: (reader: OptionReader) => object): ConfigurationError {
  try {
    readOptions('factory()', options, read);
  } catch (error) {
    if (isExportError(error, 'OPTION_INVALID')) return error;
    throw error;
  }
  throw new Error('The options were taken.');
}

function problemsOf(options: unknown, read: (reader: OptionReader) => object): unknown {
  return failureOf(options, read).details['problems'];
}

const readEverything = (reader: OptionReader): object => ({
  name: reader.string('name'),
  rows: reader.number('rows', 10, { min: 1, max: 100 }),
  quiet: reader.boolean('quiet', false),
  layout: reader.oneOf('layout', ['date', 'hive'], 'date'),
  from: reader.date('from'),
  columns: reader.strings('columns', []),
  observer: reader.func('observer'),
  sink: reader.adapter('sink', ['open', 'commit'], { open: true, commit: true }),
});

describe('readOptions', () => {
  it('returns defaults for what is not given, frozen', () => {
    const options = readOptions('factory()', { name: 'a', rows: undefined }, readEverything);
    expect(options).toMatchObject({ name: 'a', rows: 10, quiet: false, layout: 'date' });
    expect(options).toMatchObject({ from: undefined, columns: [], observer: undefined });
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('returns what is given', () => {
    const observer = (): void => undefined;
    const given = {
      name: 'prod',
      rows: 100,
      quiet: true,
      layout: 'hive',
      from: new Date('2025-12-08T00:00:00Z'),
      columns: ['id', 'input'],
      observer,
      sink: { open: observer, commit: observer },
    };
    expect(readOptions('factory()', given, readEverything)).toEqual(given);
  });

  it('names the factory and every problem in one message', () => {
    const given = {
      name: '',
      rows: 0,
      quiet: 'yes',
      layout: 'weekly',
      from: new Date(Number.NaN),
      columns: ['id', ''],
      observer: 1,
      sink: { open: true },
      nam: 'a',
    };
    const { message } = failureOf(given, readEverything);
    expect(message).toMatch(/^factory\(\): /);
    for (const name of Object.keys(given)) expect(message).toContain(`\`${name}\``);
    expect(problemsOf(given, readEverything)).toHaveLength(Object.keys(given).length);
  });

  it('refuses an unknown option and names the known ones', () => {
    const read = (reader: OptionReader) => ({
      id: reader.string('id'),
      rows: reader.number('rows', 1),
    });
    expect(problemsOf({ id: 'a', rowes: 5 }, read)).toEqual([
      '`rowes` is not an option; there are `id`, `rows`',
    ]);
  });

  it('refuses an unknown option although its value is undefined', () => {
    const read = (reader: OptionReader) => ({ id: reader.string('id') });
    expect(problemsOf({ id: 'a', observe: undefined }, read)).toHaveLength(1);
  });

  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a string', SECRET, 'a string'],
    ['an array', [SECRET], 'an array'],
  ])('refuses %s in place of the options', (_, options, kind) => {
    const { message } = failureOf(options, () => ({}));
    expect(message).toContain(`the options must be an object, not ${kind}`);
    expect(message).not.toContain(SECRET);
  });

  it('never shows the value of a string that is no choice of a list', () => {
    const given = { name: [SECRET], rows: SECRET, quiet: SECRET, from: SECRET, columns: SECRET };
    const rest = { observer: SECRET, sink: SECRET, [`unknown`]: SECRET };
    const error = failureOf({ ...given, ...rest }, readEverything);
    expect(JSON.stringify([error.message, error.details])).not.toContain(SECRET);
  });

  it('does not show a secret inside a nested group', () => {
    const read = (reader: OptionReader) => ({
      limits: reader.group('limits', (group) => ({ ms: group.number('ms', 5) })),
    });
    expect(problemsOf({ limits: { ms: SECRET, token: SECRET } }, read)).toEqual([
      '`limits.ms` must be a whole number, not a string',
      '`limits.token` is not an option; there are `ms`',
    ]);
    expect(problemsOf({ limits: SECRET }, read)).toEqual([
      '`limits` must be an object, not a string',
    ]);
    expect(readOptions('factory()', {}, read)).toEqual({ limits: { ms: 5 } });
  });
});

describe('numbers', () => {
  const reading = (range: object) => (reader: OptionReader) => ({
    value: reader.number('value', undefined, range),
  });

  it.each([
    ['a fraction where a whole number is wanted', 1.5, {}, 'must be a whole number, not 1.5'],
    ['NaN', Number.NaN, {}, 'must be a whole number, not NaN'],
    ['less than the least', 0, { min: 1 }, 'must be a whole number of at least 1, not 0'],
    ['more than the most', 9, { max: 8 }, 'must be a whole number of at most 8, not 9'],
    ['what is out of range', 9, { min: 1, max: 8 }, 'must be a whole number from 1 to 8, not 9'],
    ['a number as text', '5', {}, 'must be a whole number, not a string'],
    ['nothing where it is required', undefined, {}, 'must be a whole number, not undefined'],
    ['text', '1', { integer: false }, 'must be a number, not a string'],
  ])('refuse %s', (...[, value, range, problem]) => {
    expect(problemsOf({ value }, reading(range))).toEqual([`\`value\` ${problem}`]);
  });

  it.each([
    ['both ends of the range', 1, { min: 1, max: 8 }],
    ['both ends of the range', 8, { min: 1, max: 8 }],
    ['Infinity without a maximum', Infinity, { min: 1 }],
    ['a fraction where one is allowed', 0.5, { integer: false }],
  ])('take %s', (_, value, range) => {
    expect(readOptions('factory()', { value }, reading(range))).toEqual({ value });
  });
});

describe('copies', () => {
  it('keep later changes of the host out', () => {
    const from = new Date('2025-12-08T00:00:00Z');
    const columns = ['id'];
    const options = readOptions('factory()', { from, columns }, (reader) => ({
      from: reader.date('from'),
      columns: reader.strings('columns'),
    }));
    from.setFullYear(1999);
    columns.push('input');
    expect(options.from?.getUTCFullYear()).toBe(2025);
    expect(options.columns).toEqual(['id']);
  });
});

describe('adapters', () => {
  it('are told apart by their members', () => {
    const read = (reader: OptionReader) => ({ sink: reader.adapter('sink', ['open', 'list']) });
    expect(problemsOf({ sink: { open: 1 } }, read)).toEqual(['`sink` lacks list']);
    expect(problemsOf({}, read)).toEqual([
      '`sink` must be an object with open, list, not undefined',
    ]);
  });
});

describe('has', () => {
  it('counts undefined as not given, and makes the name known', () => {
    const read = (reader: OptionReader) => ({ a: reader.has('a'), b: reader.has('b') });
    expect(readOptions('factory()', { a: undefined, b: null }, read)).toEqual({
      a: false,
      b: true,
    });
  });
});

describe('kindOf', () => {
  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [[], 'an array'],
    [{}, 'an object'],
    ['text', 'a string'],
    [7, 'a number'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [new Date(0), 'a Date'],
    [new Date(Number.NaN), 'an invalid Date'],
    [Symbol('key'), 'a symbol'],
  ])('tells of %s no more than its kind', (value, kind) => {
    expect(kindOf(value)).toBe(kind);
  });
});
