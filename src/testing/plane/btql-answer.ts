import type { QueriedObject } from './plane-object.js';
import { isSelective } from './query/bounds.js';
import type { Query } from './query/syntax.js';
import { Refusal } from './refusal.js';
import { fieldSchema } from './row-shape.js';
import type { QueryResult } from './selection.js';

/** The form of an answer. */
export type AnswerFormat = 'json' | 'jsonl';

const LINT_CODE = 'missingSegmentEliminationSpecs';
const LINT_MESSAGE =
  'Nothing limits what must be read: filter a range of created, _xact_id or _pagination_key, ' +
  'or name a root_span_id or an id.';

/** What the service warns of, or refuses with `strict`. */
export function lint(query: Query, strict: boolean): readonly unknown[] {
  if (isSelective(query.filter)) return [];
  if (strict) throw new Refusal(400, `${LINT_CODE}: ${LINT_MESSAGE}`);
  return [{ code: LINT_CODE, message: LINT_MESSAGE, stage: 'optimizer', severity: 'warning' }];
}

/** Writes a result in the asked form. */
export function writeAnswer(
  result: QueryResult,
  format: AnswerFormat,
  extras: { readonly objects: readonly QueriedObject[]; readonly warnings: readonly unknown[] },
): Buffer {
  if (format === 'jsonl') return joinRows(result.rows, '\n', '\n');
  const properties = Object.fromEntries(result.columns.map((name) => [name, fieldSchema(name)]));
  const rest = {
    schema: { type: 'array', items: { type: 'object', properties } },
    ...(result.cursor === null ? {} : { cursor: result.cursor }),
    ...freshnessOf(extras.objects),
    warnings: extras.warnings,
  };
  return Buffer.concat([
    Buffer.from('{"data":['),
    joinRows(result.rows, ',', ''),
    Buffer.from(`],${JSON.stringify(rest).slice(1)}`),
  ]);
}

function joinRows(rows: readonly Buffer[], separator: string, end: string): Buffer {
  const between = Buffer.from(separator);
  const parts: Buffer[] = [];
  rows.forEach((row, index) => {
    if (index > 0) parts.push(between);
    parts.push(row);
  });
  if (rows.length > 0) parts.push(Buffer.from(end));
  return Buffer.concat(parts);
}

interface Freshness {
  readonly processed: string | null;
  readonly considered: string | null;
  readonly actual: string | null;
  readonly realtime: string;
  readonly readBytes: number;
}

function freshnessOfObject({ freshness, lastXactId }: QueriedObject): Freshness {
  const considered = freshness.consideredXactId ?? lastXactId;
  return {
    considered,
    processed: freshness.processedXactId ?? considered,
    actual: freshness.actualXactId ?? considered,
    realtime: freshness.realtime ?? 'on',
    readBytes: freshness.readBytes ?? 0,
  };
}

/** Over several objects the least fresh one decides. */
function freshnessOf(objects: readonly QueriedObject[]): object {
  const states = objects.map(freshnessOfObject);
  const behind = states.find((state) => state.realtime !== 'on') ?? states[0];
  const pick = (values: readonly (string | null)[], end: -1 | 1): string | null => {
    const known = values.filter((value) => value !== null).sort();
    return known.at(end === 1 ? -1 : 0) ?? null;
  };
  const considered = pick(
    states.map((state) => state.considered),
    1,
  );
  const lagging = states.filter((state) => state.processed !== state.considered);
  const cut = states.filter((state) => state.actual !== state.considered);
  const processed =
    lagging.length === 0
      ? considered
      : pick(
          lagging.map((s) => s.processed),
          -1,
        );
  const actual =
    cut.length === 0
      ? considered
      : pick(
          cut.map((s) => s.actual),
          -1,
        );
  return {
    realtime_state: {
      type: behind?.realtime ?? 'on',
      minimum_xact_id: processed,
      read_bytes: states.reduce((sum, state) => sum + state.readBytes, 0),
      actual_xact_id: actual,
    },
    freshness_state: {
      last_processed_xact_id: processed,
      last_considered_xact_id: considered,
    },
  };
}
