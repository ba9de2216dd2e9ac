import type { GroupPlan } from './group-plan.js';
import type { Accumulator } from './query/aggregates.js';
import { sortOrder, textOf } from './query/values.js';
import type { RowReader, Value } from './query/values.js';
import { writeFields } from './selection.js';
import type { QueryResult } from './selection.js';

interface Group {
  readonly dimensions: readonly Value[];
  readonly accumulators: readonly Accumulator[];
}

/** Puts rows into groups and gives one row for each, in the order that was asked for, or else of their dimensions. */
export function groupRows(rows: Iterable<RowReader>, plan: GroupPlan, limit: number): QueryResult {
  const groups = collect(rows, plan).map((group) => ({ group, reader: readerOf(group) }));
  const kept = groups.filter(({ reader }) => plan.having === null || plan.having(reader) === true);
  kept.sort((left, right) => {
    for (const { evaluate, descending } of plan.sort) {
      const order = sortOrder(evaluate(left.reader), evaluate(right.reader));
      if (order !== 0) return descending ? -order : order;
    }
    return compareDimensions(left.group, right.group);
  });
  const columns = plan.outputs.map(({ alias }) => alias).sort();
  const fields = new Map(plan.outputs.map(({ alias, evaluate }) => [alias, evaluate]));
  const written = kept.slice(0, limit).map(({ reader }) => writeFields(fields, columns, reader));
  return { rows: written, cursor: null, columns };
}

function collect(rows: Iterable<RowReader>, plan: GroupPlan): readonly Group[] {
  const { dimensions, aggregates } = plan;
  const groups = new Map<string, Group>();
  const open = (values: readonly Value[]): Group => ({
    dimensions: values,
    accumulators: aggregates.map(({ make }) => make()),
  });
  // Without dimensions there is one group, even of no rows.
  if (dimensions.length === 0) groups.set(textOf([]), open([]));
  for (const row of rows) {
    const values = dimensions.map((evaluate) => evaluate(row));
    const key = textOf(values);
    const group = groups.get(key) ?? open(values);
    groups.set(key, group);
    aggregates.forEach(({ input }, index) => group.accumulators[index]?.add(input(row)));
  }
  return [...groups.values()];
}

function readerOf({ dimensions, accumulators }: Group): RowReader {
  const fields = new Map<string, Value>();
  dimensions.forEach((value, index) => fields.set(`dimension ${index}`, value));
  accumulators.forEach((one, index) => fields.set(`aggregate ${index}`, one.result()));
  return { field: (name) => fields.get(name) };
}

function compareDimensions(left: Group, right: Group): number {
  for (const [index, value] of left.dimensions.entries()) {
    const order = sortOrder(value, right.dimensions[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}
