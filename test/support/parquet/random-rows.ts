import type { Column, ColumnType } from '../../../src/encoders/parquet/schema.js';

/** Choices from a repeatable stream of numbers in [0, 1). */
export interface Choices {
  /** A whole number from 0 up to, not including, `end`. */
  readonly below: (end: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly of: <Item>(items: readonly Item[]) => Item;
}

/** See {@link Choices}. */
export function choicesFrom(random: () => number): Choices {
  const below = (end: number): number => Math.floor(random() * end);
  return {
    below,
    chance: (probability) => random() < probability,
    of: (items) => items[below(items.length)] as (typeof items)[number],
  };
}

/** Few enough that rows hit columns, paths cross each other, and keys repeat. */
const KEYS = [
  'id',
  'created',
  'a',
  'b',
  'metrics',
  '',
  '__proto__',
  'constructor',
  'a.b',
  'é😀',
  '"\\',
  '\u0000\n',
  // What one of them is spelt like is what the other one says.
  '\n',
  '\\n',
  `long ${'key '.repeat(20)}`,
] as const;
const TYPES: readonly ColumnType[] = [
  'utf8',
  'json',
  'timestamp',
  'boolean',
  'double',
  'int64',
  'utf8-list',
  'double-map',
];
const CHARACTERS = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '/',
  '\n',
  '\u0000',
  '\u001f',
  '\u007f',
  'é',
].concat('€', '😀', '\u2028', '\ufeff', '\ufffd', '{', '}', ',', ':');
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '/': String.raw`\/`,
  '\n': String.raw`\n`,
};
const INTEGERS = [
  '0',
  '-0',
  '7',
  '-1',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '100000000000000000000000',
];
const DOUBLES = [
  '0.1',
  '-0.0',
  '1E+05',
  '1e-7',
  '0.1000000000000000055511151231257827',
  '1e308',
  '1e309',
  '-1e400',
  '5e-324',
  '1e-400',
  '2.2250738585072014e-308',
  '123456789.123456789123',
  '0.30000000000000004',
  '1.00000000000000000000',
  '9007199254740993.0',
  '90071992547409930e-1',
];
const TIMES = [
  '2025-03-09T12:00:00.000Z',
  '2025-03-09T12:00:00Z',
  '2025-03-09T12:00:00.1Z',
  '2025-03-09T12:00:00.123456Z',
  '2025-03-09T12:00:00.123000000Z',
  '2025-03-09T12:00:00.12300000000000000000000000000001Z',
  '2025-03-09T12:00:00.99999999999999999999999999999999Z',
  '2025-03-09T12:00:00.123+05:30',
  '2025-03-09T12:00:00-23:59',
  '2025-03-09T12:00:00.5-00:00',
  '2025-03-09T12:00:00',
  '2025-03-09 12:00:00Z',
  '2025-03-09',
  '2025-02-29T00:00:00Z',
  '2024-02-29T23:59:59.999Z',
  '2025-13-01T00:00:00Z',
  '2025-03-09T25:00:00Z',
  '2025-03-09T12:60:00Z',
  '2025-03-09T12:00:61Z',
  '1969-12-31T23:59:59.999Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2025-03-09T12:00:00.Z',
  ' 2025-03-09T12:00:00Z',
  'not a time',
];

/** Columns with different names, cases apart, and different paths. */
export function randomColumns(choices: Choices, count: number): readonly Column[] {
  const columns = new Map<string, Column>();
  for (let at = 0; at < count; at += 1) {
    const depth = choices.chance(0.7) ? 1 : 2 + choices.below(2);
    const path = Array.from({ length: depth }, () => choices.of(KEYS));
    const name = choices.of(['plain', 'WITH space', 'é', "it's", 'a"b', 'x,y']);
    columns.set(JSON.stringify(path), { name: `${name}${at}`, path, type: choices.of(TYPES) });
  }
  return [...columns.values()];
}

/** The JSON text of a row, made so that its values fit the columns, nearly fit them, or do not. */
export function randomRow(choices: Choices, columns: readonly Column[]): string {
  const members: string[] = [];
  for (const column of columns) {
    while (choices.chance(0.75)) members.push(columnMember(choices, column));
  }
  while (choices.chance(0.4)) {
    members.push(member(choices, choices.of(KEYS), randomValue(choices, 3)));
  }
  for (let at = members.length - 1; at > 0; at -= 1) {
    const other = choices.below(at + 1);
    [members[at], members[other]] = [members[other] as string, members[at] as string];
  }
  return `{${members.join(',')}${space(choices)}}`;
}

/** The text of any value; containers nest up to `depth` deep. */
export function randomValue(choices: Choices, depth: number): string {
  const kind = choices.below(depth > 0 ? 8 : 6);
  if (kind < 6) {
    const texts = [randomString, randomInteger, randomDouble, randomTime, randomWord, randomString];
    return (texts[kind] as typeof randomString)(choices);
  }
  return kind === 6
    ? list(choices, () => randomValue(choices, depth - 1))
    : object(choices, () => randomValue(choices, depth - 1));
}

function columnMember(choices: Choices, { path, type }: Column): string {
  let text = choices.chance(0.8) ? FITTING[type](choices) : randomValue(choices, 2);
  for (const key of path.slice(1).toReversed()) {
    const around = Array.from({ length: choices.below(3) }, () =>
      member(choices, choices.of(KEYS), randomValue(choices, 1)),
    );
    around.splice(choices.below(around.length + 1), 0, member(choices, key, text));
    text = `{${around.join(',')}}`;
  }
  return member(choices, path[0] as string, text);
}

type MakeText = (choices: Choices) => string;

const FITTING: Readonly<Record<ColumnType, MakeText>> = {
  utf8: randomString,
  json: (choices) => randomValue(choices, 3),
  timestamp: randomTime,
  boolean: randomWord,
  double: (choices) => (choices.chance(0.5) ? randomDouble(choices) : randomInteger(choices)),
  int64: randomInteger,
  'utf8-list': (choices) =>
    list(choices, () => (choices.chance(0.9) ? randomString(choices) : randomWord(choices))),
  'double-map': (choices) =>
    object(choices, () => (choices.chance(0.8) ? FITTING.double(choices) : 'null')),
};

function member(choices: Choices, key: string, text: string): string {
  const [before, between, after] = [space(choices), space(choices), space(choices)];
  return `${before}${quoted(choices, key)}${between}:${after}${text}${space(choices)}`;
}

function list(choices: Choices, item: () => string): string {
  const items = Array.from({ length: choices.below(4) }, () => `${space(choices)}${item()}`);
  return `[${items.join(`${space(choices)},`)}${space(choices)}]`;
}

function object(choices: Choices, value: () => string): string {
  const members = Array.from({ length: choices.below(4) }, () =>
    member(choices, choices.of(KEYS), value()),
  );
  return `{${members.join(',')}${space(choices)}}`;
}

function randomString(choices: Choices): string {
  const length = choices.chance(0.05) ? 300 : choices.below(8);
  const text = Array.from({ length }, () => choices.of(CHARACTERS)).join('');
  if (choices.chance(0.05)) return `"${text.replaceAll(/["\\]|\p{Cc}/gu, '')}${choices.of(LONE)}"`;
  return quoted(choices, text);
}

const LONE = [String.raw`\ud800`, String.raw`\uDC00x`, String.raw`\ude00\ud83d`];

/** Any character may be written as an escape, and some must be. */
function quoted(choices: Choices, text: string): string {
  const often = choices.chance(0.2) ? 0.5 : 0;
  const characters = Array.from(text, (character) => {
    if (choices.chance(often)) return unicodeEscapes(choices, character);
    const needsEscape = character < ' ' || character === '"' || character === '\\';
    return needsEscape
      ? (SHORT_ESCAPES[character] ?? unicodeEscapes(choices, character))
      : character;
  });
  return `"${characters.join('')}"`;
}

function unicodeEscapes(choices: Choices, character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const digits = character.charCodeAt(at).toString(16).padStart(4, '0');
    return `\\u${choices.chance(0.5) ? digits : digits.toUpperCase()}`;
  }).join('');
}

function randomInteger(choices: Choices): string {
  return choices.chance(0.5) ? choices.of(INTEGERS) : String(choices.below(2 ** 53));
}

function randomDouble(choices: Choices): string {
  if (choices.chance(0.5)) return choices.of(DOUBLES);
  return String((choices.below(2 ** 53) / 2 ** 20) * (choices.chance(0.5) ? 1 : -1));
}

function randomTime(choices: Choices): string {
  return quoted(choices, choices.of(TIMES));
}

function randomWord(choices: Choices): string {
  return choices.of(['true', 'false', 'null']);
}

function space(choices: Choices): string {
  return choices.chance(0.9) ? '' : choices.of([' ', '\t', '\n', '\r\n', '  ']);
}
