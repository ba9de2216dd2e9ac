import type { Encoder } from '../../../src/interfaces/index.js';
import { textBatch } from '../rows.js';

/** The object that an encoder makes of rows, so many of them in each write. */
export async function encodeTexts(
  encoder: Encoder,
  texts: readonly string[],
  rowsPerWrite = 1000,
): Promise<Uint8Array> {
  const object = await encoder.open();
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < texts.length; at += rowsPerWrite) {
    chunks.push(...(await object.write(textBatch(...texts.slice(at, at + rowsPerWrite)))));
  }
  chunks.push(...(await object.finish()));
  return Buffer.concat(chunks);
}
