import { ConfigurationError } from '../errors/index.js';
import type { Row } from '../interfaces/index.js';
import { readOptions } from '../options/index.js';
import { readRule } from './read-rule.js';
import { applyRedaction } from './redact-rule.js';

/** What to redact, and how: exactly one of `hash`, `mask` and `drop`. */
export interface RedactRule {
  /**
   * Which values: paths such as `metadata.user`, `metadata["my.key"]` and `output.choices[0]`, with `*` for any key,
   * `[*]` for any item, and `**` for any depth: `metadata.*`, `input[*].content`, `**.email`. Without `patterns`
   * whole values are redacted. A null stays.
   * @defaultValue all members, with `patterns`
   */
  readonly paths?: readonly string[] | undefined;
  /**
   * Which parts of strings: every match of these, in the values at `paths` and all strings inside of them. A text
   * becomes a RegExp with the flag `u`. They run on the thread of the caller, and nothing ends one that takes long.
   * @defaultValue none: whole values
   */
  readonly patterns?: readonly (RegExp | string)[] | undefined;
  /** Puts hexadecimal digits of HMAC-SHA-256 there: equal values stay equal, and cannot be guessed without the key. */
  readonly hash?: HashRedaction | undefined;
  /** Puts this text there, or a text and the last characters. */
  readonly mask?: string | MaskRedaction | undefined;
  /** Removes values from their objects and arrays, and matches from their strings. */
  readonly drop?: true | undefined;
  /**
   * Strings of more UTF-16 units are not searched: they are redacted whole. A bound for patterns whose time grows
   * faster than the text.
   * @defaultValue no limit
   */
  readonly maxTextLength?: number | undefined;
}

/** How values are hashed. */
export interface HashRedaction {
  /** The secret, 16 bytes at least. Whoever has it can test guesses. Required but for `unkeyed`. */
  readonly key?: string | Uint8Array | undefined;
  /**
   * Hexadecimal digits of the result, 16 to 64.
   * @defaultValue 32
   */
  readonly length?: number | undefined;
  /**
   * Takes plain SHA-256, which anybody can try guesses against: names, e-mail addresses and numbers are found so.
   * @defaultValue `false`
   */
  readonly unkeyed?: boolean | undefined;
}

/** How the end of a text is kept. */
export interface MaskRedaction {
  /** Characters to keep at the end, 1 to 100. A text of fewer than twice as many is hidden whole. */
  readonly keepLast: number;
  /**
   * What stands for the rest.
   * @defaultValue `'***'`
   */
  readonly text?: string | undefined;
}

/** Gives a redacted copy of a row: a `transform` for `createExporter`. */
export type Redactor = (row: Row) => Row;

const BRAND = Symbol.for('tracehaul.redactor');

/**
 * Makes a function that redacts rows by one rule or by several, one after the other.
 *
 * It is pure: the given row never changes, parts without anything to redact are shared with the result, and equal
 * rows give equal results. Fields by which rows are told apart and joined (`id`, `_xact_id`, `created`, `project_id`,
 * `root_span_id`, `span_id` and their like) are never redacted.
 * @throws ConfigurationError `OPTION_INVALID` naming every problem of a rule.
 */
export function redact(...rules: readonly RedactRule[]): Redactor {
  if (rules.length === 0) {
    throw new ConfigurationError('OPTION_INVALID', 'redact: one rule at least must be given.');
  }
  const redactions = rules.map((rule, index) =>
    readOptions(rules.length === 1 ? 'redact' : `redact, rule ${index + 1}`, rule, readRule),
  );
  const redactor: Redactor = (row) => redactions.reduce(applyRedaction, row);
  return Object.defineProperty(redactor, BRAND, { value: true });
}

/** Whether a function comes from {@link redact}, of any copy of this package in the process. */
export function isRedactor(value: unknown): value is Redactor {
  return typeof value === 'function' && BRAND in value;
}
