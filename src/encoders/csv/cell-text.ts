const QUOTE = 0x22;
const LOWER_N = 0x6e;

/** How cells are spelt. */
export interface CellStyle {
  readonly delimiter: string;
  /** Whether strings are written as JSON, too. */
  readonly isJson: boolean;
  /** Whether text that spreadsheets take for a formula gets an apostrophe in front. */
  readonly hasFormulaGuard: boolean;
}

/** What spreadsheets begin a formula with, and what they skip before one; also in the full width of East Asia. */
const FORMULA = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/;

/** Spells the cells of one file. */
export class CellSpeller {
  readonly #style: CellStyle;
  readonly #special: RegExp;

  constructor(style: CellStyle) {
    this.#style = style;
    // Every delimiter that may be chosen stands for itself inside of brackets.
    this.#special = new RegExp(`["\\r\\n${style.delimiter}]`);
  }

  /**
   * The cell of the JSON value from `start` to `end`: nothing for null, `""` for an empty string. Answers `null`
   * for a string with a lone surrogate, which has no UTF-8.
   */
  value(bytes: Buffer, start: number, end: number): string | null {
    if (this.#style.isJson) return this.quoted(bytes.toString('utf8', start, end));
    if (bytes[start] === LOWER_N) return '';
    if (bytes[start] !== QUOTE) return this.quoted(bytes.toString('utf8', start, end));
    const text = bytes.toString('utf8', start + 1, end - 1);
    if (!text.includes('\\')) return this.string(text);
    const decoded = JSON.parse(`"${text}"`) as string;
    return decoded.isWellFormed() ? this.string(decoded) : null;
  }

  /** The cell of a text that may be anything. */
  string(text: string): string {
    if (text === '') return '""';
    const isFormula = this.#style.hasFormulaGuard && FORMULA.test(text);
    return this.quoted(isFormula ? `'${text}` : text);
  }

  /** The cell of a text that is no formula; in quotes if it has to be. */
  quoted(text: string): string {
    return this.#special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}
