import type { Json } from '../../../interfaces/index.js';

/** Operators with two operands. */
export type BinaryOperator =
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'is'
  | 'isnot'
  | 'in'
  | 'like'
  | 'ilike'
  | 'match'
  | 'includes'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod';

export type TimeUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

export type PathStep = string | number;

/** An expression in the service's own notation; text queries are parsed into it as well. */
export type Expression =
  | { readonly op: 'literal'; readonly value: Json }
  | {
      readonly op: 'ident';
      readonly name: readonly PathStep[];
      /** Set where one name stands in double quotes: where no field has the name, it is a text. */
      readonly quoted?: true;
    }
  | { readonly op: 'list'; readonly items: readonly Expression[] }
  | { readonly op: 'interval'; readonly amount: number; readonly unit: TimeUnit }
  | { readonly op: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly op: 'and' | 'or'; readonly children: readonly Expression[] }
  | { readonly op: 'not' | 'neg' | 'isnull' | 'isnotnull'; readonly expr: Expression }
  | {
      readonly op: 'if';
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly otherwise: Expression;
    }
  | { readonly op: 'function'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly op: 'star' };

export type SelectItem =
  | { readonly star: true }
  | { readonly star: false; readonly alias: string; readonly expr: Expression };

export interface SortItem {
  readonly expr: Expression;
  readonly descending: boolean;
}

/** Where rows come from: `project_logs('a', 'b') spans`. */
export interface FromClause {
  readonly source: string;
  readonly ids: readonly string[];
  readonly shape: string;
}

/** One query, whichever way it was written. */
export interface Query {
  readonly select: readonly SelectItem[];
  readonly from: FromClause;
  readonly filter: Expression | null;
  /** What rows of one group have in common: expressions, aliases, or places in the select list. */
  readonly group: readonly Expression[] | null;
  /** What a group must pass. */
  readonly having: Expression | null;
  readonly sort: readonly SortItem[];
  readonly limit: number | null;
  readonly cursor: string | null;
  /** Characters after which long texts are cut; -1 for none. */
  readonly previewLength: number | null;
}
