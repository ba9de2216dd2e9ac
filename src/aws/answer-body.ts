/** The part of a stream that is used here. */
interface Closable {
  readonly destroy?: () => void;
  on?: (event: 'error', listener: () => void) => void;
}

/** Keeps a body that breaks before anybody reads it from ending the process. Whoever reads it is told all the same. */
export function keepQuiet(body: unknown): void {
  (body as Closable | undefined)?.on?.('error', () => undefined);
}

/** Lets go of a body that nobody will read, and of its connection. */
export function letGo(body: unknown): void {
  keepQuiet(body);
  (body as Closable | undefined)?.destroy?.();
}
