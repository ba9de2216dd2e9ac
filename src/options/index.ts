import { ConfigurationError } from '../errors/index.js';

/** Describes a bad value without showing it: options may hold secrets. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
  const type = typeof value;
  return type === 'undefined' ? 'undefined' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** Reads options one by one, notes every problem, and knows which names were asked for. */
export class OptionReader {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: string[];
  readonly #known = new Set<string>();

  constructor(values: Readonly<Record<string, unknown>>, path: string, problems: string[]) {
    this.#values = values;
    this.#path = path;
    this.#problems = problems;
  }

  /** Notes a problem with the option `name`. */
  problem(name: string, text: string): void {
    this.#problems.push(`\`${this.#path}${name}\` ${text}`);
  }

  /** True when the host gave the option; `undefined` counts as not given. */
  has(name: string): boolean {
    this.#known.add(name);
    return this.#values[name] !== undefined;
  }

  /** The option as it was given, for values of several kinds; the caller checks it. */
  value(name: string): unknown {
    return this.#get(name, undefined);
  }

  string(name: string, fallback?: string): string {
    const value = this.#get(name, fallback);
    if (typeof value === 'string' && value !== '') return value;
    this.problem(
      name,
      `must be a non-empty string, not ${value === '' ? 'an empty one' : kindOf(value)}`,
    );
    return '';
  }

  number(name: string, fallback: number | undefined, range: NumberRange = {}): number {
    const value = this.#get(name, fallback);
    const { min = -Infinity, max = Infinity, integer = true } = range;
    const fits = typeof value === 'number' && !Number.isNaN(value) && value >= min && value <= max;
    if (fits && (!integer || Number.isInteger(value) || value === Infinity)) return value;
    const noun = integer ? 'a whole number' : 'a number';
    const shown = typeof value === 'number' ? String(value) : kindOf(value);
    this.problem(name, `must be ${noun}${rangeText(min, max)}, not ${shown}`);
    return min === -Infinity ? 0 : min;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#get(name, fallback);
    if (typeof value === 'boolean') return value;
    this.problem(name, `must be true or false, not ${kindOf(value)}`);
    return fallback;
  }

  oneOf<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.#get(name, fallback);
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const shown = typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
    this.problem(name, `must be one of ${choices.map((c) => `'${c}'`).join(', ')}, not ${shown}`);
    return choices[0] as T;
  }

  date(name: string): Date | undefined {
    const value = this.#get(name, undefined);
    if (value === undefined) return undefined;
    if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value);
    this.problem(name, `must be a valid Date, not ${kindOf(value)}`);
    return undefined;
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    const value = this.#get(name, fallback);
    const fits =
      Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
    if (fits) return Object.freeze([...(value as string[])]);
    this.problem(name, `must be an array of non-empty strings, not ${kindOf(value)}`);
    return [];
  }

  /** A function, typed by the caller. */
  func<T>(name: string): T | undefined {
    const value = this.#get(name, undefined);
    if (value === undefined || typeof value === 'function') return value as T | undefined;
    this.problem(name, `must be a function, not ${kindOf(value)}`);
    return undefined;
  }

  /** An object with the named methods or properties: an adapter behind one of the interfaces. */
  adapter<T>(name: string, members: readonly string[], fallback?: T): T {
    const value = this.#get(name, fallback);
    if (typeof value !== 'object' || value === null) {
      this.problem(name, `must be an object with ${members.join(', ')}, not ${kindOf(value)}`);
      return {} as T;
    }
    const missing = members.filter(
      (member) => (value as Record<string, unknown>)[member] === undefined,
    );
    if (missing.length > 0) this.problem(name, `lacks ${missing.join(', ')}`);
    return value as T;
  }

  /** A group of options; unknown names inside are refused too. */
  group<T>(name: string, read: (reader: OptionReader) => T): T {
    const value = this.#get(name, {});
    const usable = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!usable) this.problem(name, `must be an object, not ${kindOf(value)}`);
    const values = usable ? (value as Record<string, unknown>) : {};
    const reader = new OptionReader(values, `${this.#path}${name}.`, this.#problems);
    const result = read(reader);
    reader.finish();
    return result;
  }

  /** Notes every option that nobody asked for. */
  finish(): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#known.has(name)) continue;
      const known = [...this.#known].map((k) => `\`${k}\``).join(', ');
      this.problem(name, `is not an option; there are ${known}`);
    }
  }

  #get(name: string, fallback: unknown): unknown {
    this.#known.add(name);
    const value = this.#values[name];
    return value === undefined ? fallback : value;
  }
}

function rangeText(min: number, max: number): string {
  if (min !== -Infinity && max !== Infinity) return ` from ${min} to ${max}`;
  if (min !== -Infinity) return ` of at least ${min}`;
  return max === Infinity ? '' : ` of at most ${max}`;
}

/**
 * Validates the options of a factory at once: `read` asks for each option by name, then every problem,
 * unknown names included, is thrown in one `OPTION_INVALID`. The result is frozen.
 */
export function readOptions<T extends object>(
  factory: string,
  options: unknown,
  read: (reader: OptionReader) => T,
): Readonly<T> {
  const problems: string[] = [];
  const usable = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!usable) problems.push(`the options must be an object, not ${kindOf(options)}`);
  const reader = new OptionReader(usable ? (options as Record<string, unknown>) : {}, '', problems);
  const result = read(reader);
  reader.finish();
  if (problems.length === 0) return Object.freeze(result);
  throw new ConfigurationError('OPTION_INVALID', `${factory}: ${problems.join('; ')}.`, {
    details: { factory, problems: Object.freeze([...problems]) },
  });
}
