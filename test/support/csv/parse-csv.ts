import assert from 'node:assert/strict';

/** The cells of one line; `null` for an empty one without quotes. */
export type CsvLine = readonly (string | null)[];

/**
 * Reads CSV as RFC 4180 has it, and nothing else: it refuses a line that ends without CR LF, a quote in a bare cell,
 * text behind a closing quote, and lines of different lengths.
 */
export function parseCsv(file: Uint8Array | string, delimiter = ','): readonly CsvLine[] {
  const text =
    typeof file === 'string'
      ? file
      : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file);
  const lines: (string | null)[][] = [];
  let line: (string | null)[] = [];
  for (let at = 0; at < text.length;) {
    const { value, end } = text[at] === '"' ? quotedCell(text, at) : bareCell(text, at, delimiter);
    line.push(value);
    if (text[end] === delimiter) {
      at = end + 1;
      // A cell that is empty at the end of the file has no character of its own.
      assert.ok(at < text.length, 'the last line has no end');
      continue;
    }
    assert.equal(text.slice(end, end + 2), '\r\n', `no end of the cell at ${end}`);
    lines.push(line);
    line = [];
    at = end + 2;
  }
  for (const { length } of lines) assert.equal(length, lines[0]?.length, 'lines differ in length');
  return lines;
}

interface Cell {
  readonly value: string | null;
  readonly end: number;
}

function bareCell(text: string, start: number, delimiter: string): Cell {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\r') end += 1;
  const value = text.slice(start, end);
  assert.ok(!/["\n]/.test(value), `a bare cell at ${start} holds a quote or a line break`);
  return { value: value === '' ? null : value, end };
}

function quotedCell(text: string, start: number): Cell {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    assert.ok(end !== -1, `the cell at ${start} has no closing quote`);
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  return { value: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 };
}
