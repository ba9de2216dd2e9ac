import { createSecretKey, type KeyObject } from 'node:crypto';
import { isRegExp } from 'node:util/types';

import { kindOf, type OptionReader } from '../options/index.js';
import { messageOf } from '../util/message.js';
import type { Redaction } from './redact-rule.js';
import { IDENTITY_FIELDS } from './redact-rule.js';
import { parseRedactionPath, STEPS_MAX } from './redaction-path.js';
import type { RedactionPath } from './redaction-path.js';
import { dropReplacement, hashReplacement, maskReplacement } from './replacement.js';
import type { Replacement } from './replacement.js';

const ACTIONS = ['hash', 'mask', 'drop'] as const;
const KEY_MIN_BYTES = 16;
const DIGITS_MIN = 16;
const DIGITS_MAX = 64;
const DIGITS = 32;
const MASK = '***';
/** All members but those of identity. */
const EVERYWHERE: RedactionPath = [{ kind: 'any-key' }];

/** Reads the options of one rule, and notes their problems. */
export function readRule(reader: OptionReader): Redaction {
  const paths = readPaths(reader);
  const patterns = readPatterns(reader);
  if (!reader.has('paths') && !reader.has('patterns'))
    reader.problem('paths', 'or `patterns` must be given');
  const given = ACTIONS.filter((action) => reader.has(action));
  if (given.length !== 1)
    reader.problem('hash', 'or `mask` or `drop` must be given, and only one of them');
  const hash = reader.has('hash') ? readHash(reader) : null;
  const mask = reader.has('mask') ? readMask(reader) : null;
  if (reader.has('drop') && reader.value('drop') !== true)
    reader.problem('drop', 'must be true, or left out');
  if (reader.has('maxTextLength') && !reader.has('patterns'))
    reader.problem('maxTextLength', 'has no meaning without `patterns`');
  return {
    paths: reader.has('paths') ? paths : [EVERYWHERE],
    patterns,
    replacement: hash ?? mask ?? dropReplacement,
    maxTextLength: reader.number('maxTextLength', Infinity, { min: 0 }),
  };
}

function readPaths(reader: OptionReader): readonly RedactionPath[] {
  return readList(reader, 'paths').flatMap((given, index) => {
    const refuse = (text: string): void => reader.problem(`paths[${index}]`, text);
    const path = typeof given === 'string' ? parseRedactionPath(given) : null;
    if (path === null) {
      const shown = typeof given === 'string' ? JSON.stringify(given) : kindOf(given);
      refuse(`is no path of ${STEPS_MAX} steps at most such as input[*].content, but ${shown}`);
      return [];
    }
    const [first] = path;
    if (first?.kind === 'key' && IDENTITY_FIELDS.includes(first.key))
      refuse(`leads to \`${first.key}\`, by which rows are told apart and joined`);
    return [path];
  });
}

function readPatterns(reader: OptionReader): readonly RegExp[] {
  return readList(reader, 'patterns').flatMap((given, index) => {
    const refuse = (text: string): void => reader.problem(`patterns[${index}]`, text);
    if (typeof given !== 'string' && !isRegExp(given)) {
      refuse(`must be a RegExp or the text of one, not ${kindOf(given)}`);
      return [];
    }
    if (given === '') refuse('must not be empty');
    try {
      return [typeof given === 'string' ? new RegExp(given, 'gu') : everyMatchOf(given)];
    } catch (error) {
      refuse(`does not compile: ${messageOf(error)}`);
      return [];
    }
  });
}

/** A pattern of our own, so that nobody's `lastIndex` moves; without `y`, which would end at the first gap. */
function everyMatchOf({ source, flags }: RegExp): RegExp {
  return new RegExp(source, `${flags.replace(/[gy]/g, '')}g`);
}

function readList(reader: OptionReader, name: 'paths' | 'patterns'): readonly unknown[] {
  const given = reader.value(name);
  if (given === undefined) return [];
  if (Array.isArray(given) && given.length > 0) return given as readonly unknown[];
  const shown = Array.isArray(given) ? 'an empty one' : kindOf(given);
  reader.problem(name, `must be an array with one item at least, not ${shown}`);
  return [];
}

function readHash(reader: OptionReader): Replacement {
  return reader.group('hash', (group) => {
    const length = group.number('length', DIGITS, { min: DIGITS_MIN, max: DIGITS_MAX });
    const isUnkeyed = group.boolean('unkeyed', false);
    if (isUnkeyed && group.has('key')) group.problem('key', 'has no meaning with `unkeyed`');
    return hashReplacement(isUnkeyed ? null : readKey(group), length);
  });
}

function readKey(group: OptionReader): KeyObject | null {
  const given = group.value('key');
  const bytes = typeof given === 'string' ? Buffer.from(given) : given;
  if (bytes instanceof Uint8Array && bytes.length >= KEY_MIN_BYTES) return createSecretKey(bytes);
  const shown = bytes instanceof Uint8Array ? `${bytes.length} bytes` : kindOf(given);
  group.problem('key', `must be a secret of ${KEY_MIN_BYTES} bytes at least, not ${shown}`);
  return null;
}

function readMask(reader: OptionReader): Replacement {
  const given = reader.value('mask');
  if (typeof given === 'string') return maskReplacement(given, 0);
  return reader.group('mask', (group) =>
    maskReplacement(
      group.string('text', MASK),
      group.number('keepLast', undefined, { min: 1, max: 100 }),
    ),
  );
}
