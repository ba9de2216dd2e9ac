export { csvEncoder } from '../encoders/csv/csv-encoder.js';
export type { CsvEncoderOptions } from '../encoders/csv/csv-encoder.js';
export type { CsvDrift } from '../encoders/csv/csv-writer.js';
export type { CsvColumnOptions, CsvColumnsName } from '../encoders/csv/read-columns.js';
export type { RowSchemaName } from '../encoders/columns/row-columns.js';
