import { EncodeError } from '../errors/index.js';
import type { Row, RowText } from '../interfaces/index.js';

const NEWLINE = 0x0a;

/** One JSON text per row, with a newline after each. A row that has none is `ROW_UNENCODABLE`. */
export function textOfObjects(rows: readonly Row[]): RowText {
  const texts = rows.map(textOfObject);
  const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  const bytes = Buffer.allocUnsafeSlow(size);
  const bounds = new Uint32Array(rows.length * 2);
  let end = 0;
  for (const [index, text] of texts.entries()) {
    bounds[2 * index] = end;
    end += bytes.write(text, end);
    bounds[2 * index + 1] = end;
    bytes[end] = NEWLINE;
    end += 1;
  }
  return { bytes, bounds };
}

function textOfObject(row: Row, rowIndex: number): string {
  let text: unknown;
  try {
    if (losesInJson(row)) throw unencodable(rowIndex, 'JSON would change one of its values');
    text = JSON.stringify(row);
  } catch (cause) {
    if (cause instanceof EncodeError) throw cause;
    throw unencodable(rowIndex, 'JSON.stringify refused it', cause);
  }
  if (typeof text !== 'string') throw unencodable(rowIndex, 'it has no JSON text');
  if (!text.startsWith('{')) throw unencodable(rowIndex, 'its JSON text is not an object');
  return text;
}

/**
 * Whether JSON.stringify would write something else without a word: null for NaN, infinity or a hole of an array,
 * nothing for a function, `{}` for a map. A member that is undefined is left out, as everywhere in JavaScript.
 * Nesting deeper than the stack throws a RangeError.
 */
function losesInJson(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value === 'function' || typeof value === 'symbol') return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (item === undefined || losesInJson(item)) return true;
    return false;
  }
  if (value instanceof Map || value instanceof Set) return true;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  for (const key in value) if (losesInJson((value as Record<string, unknown>)[key])) return true;
  return false;
}

function unencodable(rowIndex: number, reason: string, cause?: unknown): EncodeError {
  return new EncodeError(
    'ROW_UNENCODABLE',
    `Row ${rowIndex} cannot be written as JSON: ${reason}.`,
    {
      remedy: 'Give plain objects of strings, finite numbers, booleans, null, arrays and objects.',
      details: { rowIndex },
      // The message of JSON.stringify may name keys of the row, never values.
      cause,
    },
  );
}
