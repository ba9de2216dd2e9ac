export { add as addEntry, clearDictionary } from './dictionary';
export { locateRows } from './locate';
export { setUp } from './memory';
export {
  maxRow,
  minRow,
  takeBooleans,
  takeDoubles,
  takeEntries,
  takeIntegers,
  takeJson,
  takeTexts,
  takeTimes,
  valuesEnd,
} from './take';
