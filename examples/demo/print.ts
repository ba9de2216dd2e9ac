import type { RunSummary } from './runs.js';

export function headline(text: string): void {
  console.log(`\n${text}`);
}

export function note(text: string): void {
  console.log(`  ${text}`);
}

/** One line for each run, in columns. */
export function printRuns(runs: readonly RunSummary[]): void {
  const head = ['run', 'ended', 'rows', 'late', 'objects', 'KB', 'API requests', 'seconds'];
  const lines = runs.map((run, index) => [
    String(index + 1),
    run.ended,
    String(run.rows),
    String(run.lateRows),
    String(run.objects),
    (run.bytes / 1_000).toFixed(0),
    String(run.sourceRequests),
    run.seconds.toFixed(1),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const row = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 1 ? cell.padEnd(widths[1] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  headline(row(head));
  for (const line of lines) console.log(row(line));
}
