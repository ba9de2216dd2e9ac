/** Why a query cannot be read, and at which character. Internal: options name it by line and column. */
export class QuerySyntaxError extends Error {
  override readonly name = 'QuerySyntaxError';
  /** Place of the first character that cannot stand there; the length of the text when it ends too early. */
  readonly at: number;

  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}

/** The problem with an option that holds `text`: where it is, what stands there, what was expected. */
export function describeSyntaxError(text: string, { at, message }: QuerySyntaxError): string {
  const before = text.slice(0, at).split(/\r\n|\r|\n/u);
  const column = (before.at(-1) ?? '').length + 1;
  return `cannot be read at line ${before.length}, column ${column}: ${message}`;
}
