/** How many characters of an ISO 8601 time in UTC say so much. */
export const DATE_CHARACTERS = { year: 4, month: 7, day: 10, hour: 13 } as const;

/** Year to hour, in UTC, cut to so many characters. */
export function dateText(date: Date, characters: number): string {
  return date.toISOString().slice(0, characters);
}
