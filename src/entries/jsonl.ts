export { jsonlEncoder } from '../encoders/jsonl/jsonl-encoder.js';
export type { JsonlEncoderOptions } from '../encoders/jsonl/jsonl-encoder.js';
