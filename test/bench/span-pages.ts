import { seededId, seededRandom } from '../../src/testing/adapters/seeded-random.js';

/** `large` rows are about 5 KB, as traced model calls are; `small` ones about 750 bytes. */
export type RowProfile = 'large' | 'small';

interface TextSizes {
  readonly prompt: number;
  readonly answer: number;
}

const TEXT_SIZES: Readonly<Record<RowProfile, TextSizes>> = {
  large: { prompt: 2200, answer: 1100 },
  small: { prompt: 60, answer: 40 },
};
export const ROWS_PER_PAGE = 1000;
const WORDS = 6000;
const LETTERS = Array.from('etaoinshrdlucmfwyp');
const SYSTEM_PROMPTS = 8;
const MODELS = ['gpt-5-mini', 'claude-sonnet-4-5', 'gemini-2.5-flash'] as const;
/** Share of texts that hold characters outside of ASCII. */
const FOREIGN_SHARE = 0.09;

/** Answers of a source, `{"data":[...],"cursor":...}`, equal for equal seeds. */
export function* spanPages(profile: RowProfile, seed: number): Generator<Buffer, never> {
  const writer = new SpanWriter(TEXT_SIZES[profile], seed);
  for (;;) {
    const rows = Array.from({ length: ROWS_PER_PAGE }, () => writer.next());
    yield Buffer.from(JSON.stringify({ data: rows, schema: { type: 'array' }, cursor: 'aZ09' }));
  }
}

class SpanWriter {
  readonly #sizes: TextSizes;
  readonly #random: () => number;
  readonly #words: readonly string[];
  readonly #systemPrompts: readonly string[];
  #count = 0;

  constructor(sizes: TextSizes, seed: number) {
    this.#sizes = sizes;
    this.#random = seededRandom(seed);
    this.#words = Array.from({ length: WORDS }, () => this.#word());
    this.#systemPrompts = Array.from({ length: SYSTEM_PROMPTS }, () =>
      this.#text(sizes.prompt * 0.8),
    );
  }

  next(): Record<string, unknown> {
    this.#count += 1;
    const spanId = seededId(this.#random);
    const start = 1_741_000_000 + this.#count / 7;
    const prompt = this.#sizes.prompt * (0.3 + this.#random());
    return {
      id: `${spanId}-${seededId(this.#random)}`,
      _xact_id: String(1_000_196_000_000_000_000n + BigInt(this.#count) * 65_537n),
      _pagination_key: `p${String(7_400_000_000_000_000_000n + BigInt(this.#count) * 977n)}`,
      created: new Date(start * 1000).toISOString(),
      project_id: 'f1e858a4-58e3-408f-983f-016760d7fa25',
      span_id: spanId,
      root_span_id: seededId(this.#random),
      span_parents: this.#random() < 0.3 ? null : [seededId(this.#random)],
      is_root: this.#random() < 0.3,
      input: [
        { role: 'system', content: this.#pick(this.#systemPrompts) },
        { role: 'user', content: this.#text(prompt) },
      ],
      output: {
        role: 'assistant',
        content: this.#text(this.#sizes.answer * (0.3 + this.#random())),
      },
      error: null,
      scores: this.#random() < 0.1 ? { accuracy: this.#random() } : null,
      metadata: { model: this.#pick(MODELS), temperature: 0.2 },
      metrics: {
        start,
        end: start + this.#random() * 9,
        tokens: Math.floor(this.#random() * 4000),
      },
      span_attributes: { name: 'chat completion', type: 'llm' },
    };
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  #word(): string {
    const length = 2 + Math.floor(this.#random() ** 2 * 9);
    return Array.from({ length }, () => this.#pick(LETTERS)).join('');
  }

  /** Few words are frequent and most are rare, as in prose. */
  #text(size: number): string {
    let text = this.#random() < FOREIGN_SHARE ? '“né” — 日本語 😀 ' : '';
    while (text.length < size) {
      text += this.#words[Math.floor(this.#random() ** 4 * WORDS)];
      text += this.#random() < 0.04 ? '.\n' : ' ';
    }
    return text;
  }
}
