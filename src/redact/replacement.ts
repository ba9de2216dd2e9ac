import { createHash, createHmac, type KeyObject } from 'node:crypto';

/** What stands for a text that must not be seen; `undefined` for nothing at all. */
export type ReplaceText = (text: string) => string | undefined;

/** Takes the place of a text. */
export interface Replacement {
  /** Of a whole value. Numbers, objects and the like are given as their JSON text. */
  readonly whole: ReplaceText;
  /** Of a part of a string. */
  readonly part: (text: string) => string;
}

/** Hexadecimal digits of SHA-256 under a key, or without one for `null`. */
export function hashReplacement(key: KeyObject | null, length: number): Replacement {
  const hash = (text: string): string => {
    const digest = key === null ? createHash('sha256') : createHmac('sha256', key);
    return digest.update(text).digest('hex').slice(0, length);
  };
  return { whole: hash, part: hash };
}

/** A fixed text, and behind it the last characters, as long as at least as many stay hidden. */
export function maskReplacement(text: string, keepLast: number): Replacement {
  const mask = (hidden: string): string => {
    if (keepLast === 0) return text;
    const characters = Array.from(hidden);
    return characters.length < 2 * keepLast ? text : text + characters.slice(-keepLast).join('');
  };
  return { whole: mask, part: mask };
}

/** Nothing. */
export const dropReplacement: Replacement = Object.freeze({
  whole: () => undefined,
  part: () => '',
});
