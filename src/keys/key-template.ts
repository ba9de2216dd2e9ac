import { assert } from '../errors/index.js';
import type { KeyParts } from '../interfaces/index.js';
import { objectKeyProblem } from '../util/object-key.js';
import { DATE_CHARACTERS } from './partition-date.js';
import { SEGMENT_VALUE_MAX, segmentValue } from './segment-value.js';

const TIME_UNITS = ['year', 'month', 'day', 'hour'] as const;
type TimeUnit = (typeof TIME_UNITS)[number];

const NAME_PLACEHOLDERS = ['exportId', 'generation', 'sequence', 'nonce', 'extension'] as const;
type NamePlaceholder = (typeof NAME_PLACEHOLDERS)[number];

/** The export id first and the nonce between dots. */
const FILE_NAME = /(?:^|\/)\{exportId\}\.(?:[^/]*\.)?\{nonce\}(?:\.[^/]*|\{extension\})$/;

/** A field that can be named in a template. */
export const FIELD_NAME: RegExp = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'time'; readonly unit: TimeUnit }
  | { readonly kind: 'field'; readonly field: string; readonly isHive: boolean }
  | { readonly kind: 'name'; readonly name: NamePlaceholder };

/** A template taken apart. */
export interface KeyTemplate {
  readonly pieces: readonly Piece[];
  /** Fields it names, in order. */
  readonly fields: readonly string[];
  /** How many characters of an ISO time it shows; 0 when it shows none. */
  readonly dateCharacters: number;
}

/** Name of the date among the values of a partition. */
export const DATE_VALUE = 'date';

const DIGITS: Readonly<Record<TimeUnit, readonly [number, number]>> = {
  year: [0, 4],
  month: [5, 7],
  day: [8, 10],
  hour: [11, 13],
};

/** Takes a template apart; each problem found is told. */
export function parseTemplate(template: string, tell: (problem: string) => void): KeyTemplate {
  const pieces = template
    .split(/(\{[^{}]*\})/)
    .filter((text) => text !== '')
    .map((text, place, all) => parsePiece(text, all[place - 1], tell));
  const units = new Set(pieces.flatMap((piece) => (piece.kind === 'time' ? [piece.unit] : [])));
  const finest = TIME_UNITS.findLast((unit) => units.has(unit));
  const fields = pieces.flatMap((piece) => (piece.kind === 'field' ? [piece.field] : []));
  const parsed = {
    pieces,
    fields: [...new Set(fields)],
    dateCharacters: finest === undefined ? 0 : DATE_CHARACTERS[finest],
  };
  tellUnits(units, finest, tell);
  if (fields.length > parsed.fields.length) tell('names a field twice');
  tellNames(template, parsed, tell);
  return parsed;
}

function parsePiece(
  text: string,
  before: string | undefined,
  tell: (problem: string) => void,
): Piece {
  const name = /^\{(.*)\}$/s.exec(text)?.[1];
  if (name === undefined) {
    if (/[{}]/.test(text)) tell('has a brace without its partner');
    return { kind: 'text', text };
  }
  const unit = TIME_UNITS.find((known) => known === name);
  if (unit !== undefined) return { kind: 'time', unit };
  const known = NAME_PLACEHOLDERS.find((placeholder) => placeholder === name);
  if (known !== undefined) return { kind: 'name', name: known };
  const field = /^field:(.*)$/s.exec(name)?.[1];
  if (field === undefined) {
    const names = [...TIME_UNITS, 'field:NAME', ...NAME_PLACEHOLDERS].map((each) => `{${each}}`);
    tell(`has the unknown placeholder ${JSON.stringify(text)}; there are ${names.join(', ')}`);
  } else if (!FIELD_NAME.test(field)) {
    tell(`names ${JSON.stringify(field)}, which cannot be a folder's field`);
  }
  return { kind: 'field', field: field ?? '', isHive: before?.endsWith('=') === true };
}

/** Without the coarser units two days, or two months, would go to one place. */
function tellUnits(
  units: ReadonlySet<TimeUnit>,
  finest: TimeUnit | undefined,
  tell: (problem: string) => void,
): void {
  const needed = finest === undefined ? [] : TIME_UNITS.slice(0, TIME_UNITS.indexOf(finest));
  const missing = needed.filter((unit) => !units.has(unit)).map((unit) => `{${unit}}`);
  if (missing.length > 0) tell(`has {${finest}} but lacks ${missing.join(' and ')}`);
}

/** What makes keys unique, and lets no two values of a field run together. */
function tellNames(template: string, parsed: KeyTemplate, tell: (problem: string) => void): void {
  if (!template.includes('{nonce}')) tell('lacks {nonce}, without which two commits share a key');
  else if (!FILE_NAME.test(template))
    tell('must name files {exportId}.….{nonce}.…, by which stores find unfinished objects');
  if (!template.endsWith('{extension}')) tell('must end with {extension}');
  for (const segment of template.split('/')) {
    const placeholders = segment.match(/\{[^{}]*\}/g) ?? [];
    const isMixed =
      placeholders.length > 1 && placeholders.some((each) => each.startsWith('{field:'));
    if (isMixed) tell(`must have a folder for each field alone, not ${JSON.stringify(segment)}`);
  }
  const hasDate = parsed.dateCharacters > 0;
  if (hasDate && parsed.fields.includes(DATE_VALUE))
    tell(`cannot name a field "${DATE_VALUE}" beside a time`);
  const problem = objectKeyProblem(longestKey(parsed));
  if (problem !== null) tell(`can give a key that no sink takes: ${problem}`);
  if (template.startsWith('_')) tell('must not begin with "_", which is kept for manifests');
}

/** The key of the longest parts there are. Also shows what is wrong with the fixed text. */
function longestKey(template: KeyTemplate): string {
  return renderKey(template, {
    exportId: 'x'.repeat(64),
    generation: 999_999,
    sequence: 999_999_999_999,
    nonce: 'f'.repeat(16),
    extension: '.jsonl.zst',
    runStartedAt: new Date(0),
    partition: {
      ...Object.fromEntries(template.fields.map((field) => [field, 'x'.repeat(SEGMENT_VALUE_MAX)])),
      ...(template.dateCharacters > 0 ? { [DATE_VALUE]: '2000-01-01T00' } : {}),
    },
  });
}

/** Fills a template in. */
export function renderKey(template: KeyTemplate, parts: KeyParts): string {
  return template.pieces.map((piece) => renderPiece(piece, parts)).join('');
}

function renderPiece(piece: Piece, parts: KeyParts): string {
  if (piece.kind === 'text') return piece.text;
  if (piece.kind === 'name') return renderName(piece.name, parts);
  if (piece.kind === 'field') return valueOf(parts, piece.field);
  return valueOf(parts, DATE_VALUE).slice(...DIGITS[piece.unit]);
}

function renderName(name: NamePlaceholder, parts: KeyParts): string {
  if (name === 'sequence') return String(parts.sequence).padStart(12, '0');
  if (name === 'exportId') return segmentValue(parts.exportId);
  return String(parts[name]);
}

function valueOf({ partition }: KeyParts, name: string): string {
  const value = Object.hasOwn(partition, name) ? partition[name] : undefined;
  assert(value !== undefined, `A partition lacks "${name}"`);
  return value;
}
