import type { Row, RowBatch } from '../../interfaces/index.js';
import { rowBatchFromText } from '../../rows/row-batch.js';

/** A batch of row texts that lie in one buffer, as a source gives them. */
export function batchOf(...texts: readonly string[]): RowBatch {
  return rowBatchFromText(Buffer.from(texts.join(',')), boundsOf(texts));
}

/** A batch that did not check its rows: each character of the texts is one byte. */
export function batchOfBytes(...texts: readonly string[]): RowBatch {
  const bytes = Buffer.from(texts.join(','), 'latin1');
  const bounds = boundsOf(texts, 'latin1');
  const refuse = (): never => {
    throw new Error('a batch of bytes has text only');
  };
  return {
    length: texts.length,
    byteLength: texts.join('').length,
    text: () => ({ bytes, bounds }),
    fields: refuse,
    objects: (): readonly Row[] => texts.map((text) => JSON.parse(text) as Row),
    slice: refuse,
    select: refuse,
  };
}

/** Rows of many shapes whose values every format can hold. */
export function sampleTexts(): readonly string[] {
  return [
    '{}',
    '{"id":"a","created":"2025-03-09T12:00:00.000Z","_xact_id":"1000192656880881099"}',
    '{"id":"é€😀\u2028\u2029\u0085\ufeff","input":"\\u0000\\u001f\\n\\r\\t\\"\\\\"}',
    '{"id":null,"input":null,"tags":[],"metadata":{}}',
    '{"id":"b","metrics":{"tokens":123,"cost":0.1,"start":1733333333.25},"is_root":true}',
    '{"id":"c","input":{"messages":[{"role":"user","content":["a,b","c;d"]}]},"output":[[[1]]]}',
    `{"id":"d","metadata":${'{"deep":'.repeat(200)}false${'}'.repeat(200)}}`,
    '{"id":"e","":"an empty key","__proto__":"a plain key","a b":"\'"}',
  ];
}

function boundsOf(texts: readonly string[], encoding: BufferEncoding = 'utf8'): Uint32Array {
  const bounds = new Uint32Array(texts.length * 2);
  let end = 0;
  for (const [index, text] of texts.entries()) {
    const size = Buffer.byteLength(text, encoding);
    bounds.set([end, end + size], 2 * index);
    end += size + 1;
  }
  return bounds;
}
