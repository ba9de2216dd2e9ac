export { columnsFromSchema } from '../encoders/parquet/columns-from-schema.js';
export { parquetEncoder } from '../encoders/parquet/parquet-encoder.js';
export type { ParquetEncoderOptions } from '../encoders/parquet/parquet-encoder.js';
export type { ParquetCompression } from '../encoders/parquet/file/codec.js';
export type { ColumnOptions, CustomSchema } from '../encoders/parquet/read-schema.js';
export type { NumbersForm, RowSchemaName } from '../encoders/columns/row-columns.js';
export type { ColumnType } from '../encoders/parquet/schema.js';
