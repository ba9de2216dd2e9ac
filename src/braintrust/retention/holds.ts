import { ConfigurationError, SourceError } from '../../errors/index.js';
import type { Hold, Json, Row } from '../../interfaces/index.js';
import { filterTextProblem } from '../query/filter-text.js';

/** What a hold may ask of a row. */
export interface HeldRow {
  readonly objectId: string;
  readonly id: string;
  readonly spanId: string | null;
  readonly rootSpanId: string | null;
  readonly tags: readonly string[];
  /** All that was selected, with what the filters gave. */
  readonly members: Row;
}

/** Whether something names a row as its origin. */
export type IsReferenced = (row: Pick<HeldRow, 'objectId' | 'id'>) => boolean;

/** The holds of a scope, made ready. */
export interface HoldRules {
  /** Items of a `select`: one for each hold by filter, which gives whether the row meets it. */
  readonly select: readonly Json[];
  /**
   * The places of the holds that exempt a row, ascending.
   * @throws SourceError `SOURCE_PROTOCOL` when a filter gave neither true, false nor null.
   */
  heldBy(row: HeldRow): readonly number[];
}

type Rule = (row: HeldRow) => boolean;

/** Exempts nothing. */
export const NO_HOLDS: HoldRules = Object.freeze<HoldRules>({ select: [], heldBy: () => [] });

/**
 * Makes holds ready.
 * @throws ConfigurationError `OPTION_INVALID` for a filter that is not one expression.
 */
export function holdRules(holds: readonly Hold[], isReferenced: IsReferenced): HoldRules {
  checkFilters(holds);
  const rules = holds.map((hold, place) => ruleOf(hold, place, isReferenced));
  return Object.freeze<HoldRules>({
    select: holds.flatMap((hold, place) => ('filter' in hold ? [filterItem(hold, place)] : [])),
    heldBy: (row) => {
      const places: number[] = [];
      for (const [place, isHeld] of rules.entries()) if (isHeld(row)) places.push(place);
      return places;
    },
  });
}

/** The kinds of objects whose rows are searched for references. */
export function referencesWanted(holds: readonly Hold[]): readonly ('experiments' | 'datasets')[] {
  const wanted = holds.flatMap((hold) => ('referencedBy' in hold ? hold.referencedBy : []));
  return [...new Set(wanted)].sort();
}

function ruleOf(hold: Hold, place: number, isReferenced: IsReferenced): Rule {
  if ('ids' in hold) return byIds(new Set(hold.ids));
  if ('tags' in hold) return byTags(new Set(hold.tags));
  if ('filter' in hold) return byFilter(place);
  return isReferenced;
}

function byIds(ids: ReadonlySet<string | null>): Rule {
  return ({ id, spanId, rootSpanId }) => ids.has(id) || ids.has(spanId) || ids.has(rootSpanId);
}

function byTags(tags: ReadonlySet<string>): Rule {
  return (row) => row.tags.some((tag) => tags.has(tag));
}

function byFilter(place: number): Rule {
  const alias = aliasOf(place);
  return ({ members }) => {
    const met = members[alias];
    if (met === null || typeof met === 'boolean') return met === true;
    throw new SourceError(
      'SOURCE_PROTOCOL',
      `The filter of hold ${place} gave ${met === undefined ? 'nothing' : `a ${typeof met}`} for a row, where true, false or null belongs.`,
      { remedy: 'Let it compare something, as in `metadata.keep = true`.' },
    );
  };
}

function filterItem(hold: Extract<Hold, { readonly filter: string }>, place: number): Json {
  return { alias: aliasOf(place), expr: { btql: hold.filter } };
}

function aliasOf(place: number): string {
  return `hold_${place}`;
}

function checkFilters(holds: readonly Hold[]): void {
  for (const [place, hold] of holds.entries()) {
    const problem = 'filter' in hold ? filterTextProblem(hold.filter) : null;
    if (problem !== null)
      throw new ConfigurationError('OPTION_INVALID', `\`holds[${place}].filter\` ${problem}.`, {
        remedy: 'Give one BTQL expression, such as `metadata.keep = true`.',
      });
  }
}
