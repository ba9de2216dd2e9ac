/**
 * Exports rows of a source of one's own, here the tickets of an application, to the same kind of files. The query is
 * the only part that knows the database; see docs/writing-a-source.md for what a source must keep to.
 *
 * Environment: none.
 * Command: npx tsx examples/custom-source.ts
 */
import {
  createExporter,
  datePartitionedKeys,
  SourceError,
  type Cursor,
  type Page,
  type ReadOptions,
  type Row,
  type Source,
} from 'tracehaul';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

interface Ticket extends Row {
  readonly id: string;
  /** Number of the write, 12 digits: a ticket that is changed gets the next one. */
  readonly change: string;
  readonly created: string;
  readonly subject: string;
}

/** Stands for a table. A real query stays behind transactions that are still open. */
const tickets: readonly Ticket[] = Array.from({ length: 2_500 }, (_, index) => ({
  id: `ticket-${index}`,
  change: String(index + 1).padStart(12, '0'),
  created: new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString(),
  subject: `Question ${index}`,
}));

async function findTickets(after: string, limit: number): Promise<readonly Ticket[]> {
  return tickets.filter(({ change }) => change > after).slice(0, limit);
}

const ticketsSource: Source = {
  name: 'tickets',
  identity: { table: 'tickets' },
  rowIdentity: { object: null, id: 'id', version: 'change', created: 'created' },
  read: readTickets,
};

async function* readTickets({ cursor, pageSize, signal }: ReadOptions): AsyncGenerator<Page> {
  let after = cursor === null ? '' : changeOf(cursor);
  for (;;) {
    signal?.throwIfAborted();
    const rows = await findTickets(after, pageSize);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.change;
    yield { rows, cursor: cursorOf(last), cursorAfter: (index) => cursorOf(rows[index] ?? last) };
  }
}

function cursorOf({ change }: Ticket): Cursor {
  return `tickets:1:${change}`;
}

function changeOf(cursor: Cursor): string {
  const change = /^tickets:1:(\d{12})$/.exec(cursor)?.[1];
  if (change !== undefined) return change;
  throw new SourceError('SOURCE_CURSOR_INVALID', 'The cursor is not one of the tickets.');
}

const exporter = createExporter({
  id: 'tickets',
  source: ticketsSource,
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/tickets' }),
  keys: datePartitionedKeys({ by: 'created', granularity: 'month' }),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
});
const { rows, objects, stopReason } = await exporter.run();
console.log(`${rows} rows in ${objects} files, ${stopReason}`);
