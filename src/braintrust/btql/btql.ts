import type { Source } from '../../interfaces/index.js';
import { readBtqlOptions } from './btql-options.js';
import type { BtqlSourceOptions } from './btql-options.js';
import { incrementalSource } from './incremental-source.js';
import { snapshotSource } from './snapshot-source.js';

/**
 * The rows of a query in BTQL or SQL.
 *
 * A query of rows without sort, limit and aggregation is read incrementally: each read gives the rows that were
 * written since the last one, in the order of writing, and a row that was updated comes again as a new version. Any
 * other query is read as a snapshot: each read gives the whole result anew, and an exporter commits it whole or not
 * at all. `test()` says which of the two it is. Rows hold what the query selects: what is read beside it to tell rows
 * apart is left out of them.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option, with line and column of what cannot be read
 *   in a query, and the form that works for one that is known to fail at the service.
 */
export function btqlSource(options: BtqlSourceOptions): Source {
  const settings = readBtqlOptions(options);
  return settings.plan.mode === 'incremental'
    ? incrementalSource(settings)
    : snapshotSource(settings);
}
