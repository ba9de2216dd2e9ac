import { itemsOf } from './parquet/json-walk.js';

/** The text of every row of a JSON array. It must be whole. */
export function readJsonArray(object: Uint8Array): readonly string[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(object);
  const rows = JSON.parse(text) as readonly unknown[];
  const texts = itemsOf(text.trim());
  if (texts.length !== rows.length) throw new Error('the rows cannot be told apart');
  return texts;
}
