/** The message of whatever was thrown; never its content when it is no error. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : `a thrown ${typeof thrown}`;
}
