import { SourceError } from '../../errors/index.js';
import type { Awaitable } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';

/** An API key or service token, or a function that fetches one. */
export type ApiKeyOption = string | (() => Awaitable<string>);

const USABLE = /^[\x21-\x7e]+$/;

/** Whether a text can be sent as a key: printable characters without spaces. */
export function isUsableKey(key: unknown): key is string {
  return typeof key === 'string' && USABLE.test(key);
}

/** Holds the key; a function is called once, and again only after `forget`. */
export class ApiKey {
  readonly #option: ApiKeyOption;
  #key: Promise<string> | undefined;

  constructor(option: ApiKeyOption) {
    this.#option = option;
  }

  /** Whether asking again may give another key. */
  get renewable(): boolean {
    return typeof this.#option === 'function';
  }

  /** The key that was given last is refused: the next `get` asks anew. */
  forget(): void {
    this.#key = undefined;
  }

  async get(signal: AbortSignal): Promise<string> {
    this.#key ??= this.#ask(); // the function of the host knows no signal
    try {
      return await abortable(this.#key, signal);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async #ask(): Promise<string> {
    if (typeof this.#option === 'string') return this.#option;
    let key: unknown;
    try {
      key = await this.#option();
    } catch (cause) {
      throw new SourceError('SOURCE_UNAUTHORIZED', 'The `apiKey` function failed.', {
        remedy: 'See the cause.',
        cause,
      });
    }
    if (isUsableKey(key)) return key;
    throw new SourceError('SOURCE_UNAUTHORIZED', 'The `apiKey` function gave no usable key.', {
      remedy: 'Let it return an API key or a service token without spaces.',
    });
  }
}
