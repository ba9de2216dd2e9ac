import { createHash } from 'node:crypto';

import type { Hold, OperationOptions } from '../interfaces/index.js';
import { type OptionReader, kindOf, readOptions } from '../options/index.js';
import { abortable } from '../util/abortable.js';
import { canonicalJson } from '../util/canonical-json.js';
import { plainJson } from '../util/plain-json.js';
import type { HoldsOption } from './settings.js';

const HOLDS_MAX = 100;
const IDS_MAX = 100_000;
const REFERRERS = ['experiments', 'datasets'] as const;
const KINDS = ['ids', 'tags', 'filter', 'referencedBy'] as const;

/** Reads `holds`: a list, or a function that gives one. */
export function readHoldsOption(reader: OptionReader): HoldsOption {
  const value = reader.value('holds') ?? [];
  if (typeof value === 'function') return value as HoldsOption;
  return readHolds(reader, value);
}

/**
 * The holds as they are now: a function of the host is asked.
 * @throws what the function throws, and `OPTION_INVALID` for what is no list of holds.
 */
export async function presentHolds(
  holds: HoldsOption,
  options: OperationOptions,
): Promise<readonly Hold[]> {
  if (typeof holds !== 'function') return holds;
  options.signal?.throwIfAborted();
  const asked = Promise.resolve(holds(options));
  const given = await (options.signal === undefined ? asked : abortable(asked, options.signal));
  return readOptions('holds', { holds: given }, (reader) => ({
    holds: readHolds(reader, reader.value('holds')),
  })).holds;
}

/** Tells one list of holds from another. */
export function holdsDigest(holds: readonly Hold[]): string {
  return createHash('sha256')
    .update(canonicalJson(plainJson(holds)))
    .digest('hex');
}

/** What a hold is called in plans and results. */
export function holdName(hold: Hold, place: number): string {
  if (hold.name !== undefined) return hold.name;
  const kind = KINDS.find((name) => name in hold) ?? 'hold';
  return `${kind}-${place + 1}`;
}

function readHolds(reader: OptionReader, value: unknown): readonly Hold[] {
  if (!Array.isArray(value) || value.length > HOLDS_MAX) {
    const shown = Array.isArray(value) ? `${value.length} of them` : kindOf(value);
    reader.problem('holds', `must be an array of ${HOLDS_MAX} holds at most, not ${shown}`);
    return [];
  }
  return Object.freeze(value.map((hold: unknown, place) => readHold(reader, hold, place)));
}

function readHold(reader: OptionReader, hold: unknown, place: number): Hold {
  const option = `holds[${place}]`;
  if (typeof hold !== 'object' || hold === null || Array.isArray(hold)) {
    reader.problem(option, `must be an object, not ${kindOf(hold)}`);
    return { ids: [] };
  }
  const members = hold as Readonly<Record<string, unknown>>;
  const kinds = KINDS.filter((name) => members[name] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    reader.problem(option, `must have exactly one of ${KINDS.join(', ')}`);
    return { ids: [] };
  }
  const unknown = Object.keys(members).filter((name) => name !== 'name' && name !== kind);
  if (unknown.length > 0) reader.problem(option, `has the unknown member ${unknown.join(', ')}`);
  const { name } = members;
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    reader.problem(option, `has a name that is ${kindOf(name)}`);
  const problem = valueProblem(kind, members[kind]);
  if (problem !== null) reader.problem(`${option}.${kind}`, problem);
  // A copy: what the host changes in its own object later is no hold that was read.
  return Object.freeze(structuredClone(members)) as unknown as Hold;
}

function valueProblem(kind: (typeof KINDS)[number], value: unknown): string | null {
  if (kind === 'filter') {
    const usable = typeof value === 'string' && value.trim() !== '';
    return usable ? null : `must be a BTQL expression, not ${kindOf(value)}`;
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > IDS_MAX)
    return `must be an array of 1 to ${IDS_MAX} texts`;
  const texts = value as readonly unknown[];
  if (!texts.every((text) => typeof text === 'string' && text !== ''))
    return 'must hold non-empty texts only';
  if (kind !== 'referencedBy') return null;
  const known: readonly unknown[] = REFERRERS;
  return texts.every((text) => known.includes(text))
    ? null
    : `must hold ${REFERRERS.map((text) => `'${text}'`).join(' or ')}`;
}
