// Where things stand in memory, as `setUp` was told.

/** Most rows of a window. */
export const ROWS: u32 = 512;

/** How far from the beginning of `starts`, `ends` or `sources` the number for a column and a row stands. */
@inline
export function placeOf(column: u32, row: u32): usize {
  return <usize>(4 * (column * ROWS + row));
}

/** Where the text of the window stands. */
export let text: usize = 0;
/** Where the value of each column and row begins in the text, `ROWS` for each column; 0 when there is none. */
export let starts: usize = 0;
export let ends: usize = 0;
/** Which note each value comes from. */
export let sources: usize = 0;
/** The notes of the window's members, four numbers each. */
export let notes: usize = 0;
/** Where the notes of each row begin and end, counted as in `notes` of the whole text. */
export let noteBounds: usize = 0;
/** 1 for each member that no column holds. */
export let loose: usize = 0;
/** 1 for each row with such members. */
export let looseRows: usize = 0;
/** One level for each row that was taken. */
export let levels: usize = 0;
/** Values that were taken. */
export let values: usize = 0;

/** Must be called first. */
export function setUp(places: usize): void {
  text = load<u32>(places, 0);
  starts = load<u32>(places, 4);
  ends = load<u32>(places, 8);
  sources = load<u32>(places, 12);
  notes = load<u32>(places, 16);
  noteBounds = load<u32>(places, 20);
  loose = load<u32>(places, 24);
  looseRows = load<u32>(places, 28);
  levels = load<u32>(places, 32);
  values = load<u32>(places, 36);
}
