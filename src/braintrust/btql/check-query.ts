import { clockWord, wholeResultReasons } from './plan-query.js';
import type { QueryPlan } from './plan-query.js';
import { ANSWER_MAX_ROWS } from './plan-query.js';
import type { ParsedQuery } from './parse-query.js';
import { QuerySyntaxError, describeSyntaxError } from './query-syntax-error.js';
import { identityFields, kindOfSource } from './row-choice.js';

/** The most rows that are read in an order of the host's: the id of each is remembered. */
const SORTED_MAX_ROWS = 250_000;

/** Why a query cannot be read in the way that was chosen; empty when it can. */
export function queryProblems(query: ParsedQuery, plan: QueryPlan): readonly string[] {
  const problems = [...modeProblems(query, plan), ...sortProblems(query, plan)];
  const isOfRows = plan.way === 'window' || plan.way === 'sorted';
  if (isOfRows) problems.push(...objectProblems(query), ...nameProblems(query));
  return problems;
}

/** Why the mode that was asked for cannot be, or `null`. */
export function modeProblem(query: ParsedQuery, plan: QueryPlan): string | null {
  const reasons = wholeResultReasons(query);
  if (plan.mode !== 'incremental' || reasons.length === 0) return null;
  return `cannot be 'incremental': the query ${reasons.join(', ')}, so that its result is of use as a whole only; leave \`mode\` out, or change the query`;
}

function modeProblems(query: ParsedQuery, plan: QueryPlan): readonly string[] {
  const clock = plan.mode === 'incremental' ? clockWord(query) : null;
  if (clock === null) return [];
  const reason = `${clock.text} means another time with each read, so that an incremental read would lose rows; give \`from\` and \`until\`, or \`mode: 'snapshot'\``;
  return [describe(query, reason, clock.start)];
}

function sortProblems({ sort, limit = 0 }: ParsedQuery, plan: QueryPlan): readonly string[] {
  if (plan.way !== 'sorted') return [];
  const problems: string[] = [];
  if (sort.length > 1 && limit > ANSWER_MAX_ROWS)
    problems.push(
      `sorts by ${sort.length} values, by which no more than ${ANSWER_MAX_ROWS} rows can be read; sort by one, or lower the limit`,
    );
  if (limit > SORTED_MAX_ROWS)
    problems.push(
      `sorts more than ${SORTED_MAX_ROWS} rows; leave the sort out, or lower the limit`,
    );
  return problems;
}

/** Rows of several objects are told apart by the object that they name. */
function objectProblems({ from }: ParsedQuery): readonly string[] {
  if (from === null || from.ids.length === 1 || kindOfSource(from.kind).objectField !== null)
    return [];
  return [
    `reads several objects of the kind ${from.kind}, whose rows do not name theirs; ask for one at a time`,
  ];
}

/** Every field needs a name, and the names that tell rows apart keep their meaning. */
function nameProblems(query: ParsedQuery): readonly string[] {
  const reserved = query.from === null ? [] : identityFields(kindOfSource(query.from.kind));
  return query.select.flatMap((item) => {
    if (item.kind === 'star') return [];
    if (item.name === null)
      return [describe(query, 'expected a name after this item: add `as` and one', item.at)];
    const isOwn = item.path?.length === 1 && item.path[0] === item.name;
    if (isOwn || !reserved.includes(item.name)) return [];
    const reason = `the name "${item.name}" belongs to what tells rows apart; give another`;
    return [describe(query, reason, item.at)];
  });
}

function describe({ text }: ParsedQuery, reason: string, at: number): string {
  return describeSyntaxError(text, new QuerySyntaxError(reason, at));
}
