import { DuckDBInstance } from '@duckdb/node-api';

/** The rows that the last statement gives, in a new database, paths relative to the working directory. */
export async function queryDuckDb(sql: string): Promise<readonly (readonly unknown[])[]> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    const folder = process.cwd().replaceAll("'", "''");
    await connection.run(`set file_search_path = '${folder}'`);
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}
