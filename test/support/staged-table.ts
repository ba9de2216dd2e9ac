import { Table } from './table-source.js';

/** The table of the kill tests after `stage` rounds of writes: the same in every process. */
export function stagedTable(stage: number): Table {
  const table = new Table();
  for (let round = 0; round <= stage; round += 1) {
    const from = round * 40;
    for (let row = 0; row < 25; row += 1) table.write(`${round}-${row}`, from + row, row);
    // Updates of the round before, and a row that surfaces late.
    if (round > 0) {
      for (let row = 0; row < 5; row += 1)
        table.write(`${round - 1}-${row}`, from + 30 + row, -row);
      table.write(`late-${round}`, from - 5, 1);
    }
    table.settled = from + 40;
  }
  return table;
}
