export { jsonArrayEncoder } from '../encoders/json-array/json-array-encoder.js';
export type { JsonArrayEncoderOptions } from '../encoders/json-array/json-array-encoder.js';
