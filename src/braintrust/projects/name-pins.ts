import { SourceError } from '../../errors/index.js';
import type { Pins } from '../records/object-scope.js';
import type { ListedKind, ListedObject } from './list-objects.js';

/**
 * Finds what names stand for. A name that was met before stands for the same object for good, also once that is
 * called otherwise: renaming changes nothing, and a name never comes to mean something else.
 * @throws SourceError `SOURCE_FORBIDDEN` for a name that nothing, or more than one object, has; `SOURCE_RENAMED`
 *   for one that another object has now.
 */
export function pinNames(
  names: readonly string[],
  pins: Pins,
  { kind, objects }: { readonly kind: ListedKind; readonly objects: readonly ListedObject[] },
): Pins {
  return new Map(
    names.map((name) => {
      const ids = objects.filter((object) => object.name === name).map(({ id }) => id);
      const pin = pinOf(kind, name);
      return [pin, idOfName({ kind, name, ids }, pins.get(pin))];
    }),
  );
}

/** How a name of a kind of object is written in a cursor. */
export function pinOf(kind: ListedKind, name: string): string {
  return `${kind} ${name}`;
}

interface NamedIds {
  readonly kind: ListedKind;
  readonly name: string;
  /** All that have the name now. */
  readonly ids: readonly string[];
}

function idOfName(named: NamedIds, pinned: string | undefined): string {
  const { ids } = named;
  const [only, other] = ids;
  if (pinned !== undefined) {
    // Nobody has the name any more, or the same one still has it.
    if (only === undefined || ids.includes(pinned)) return pinned;
    throw renamedError(named, pinned);
  }
  if (only !== undefined && other === undefined) return only;
  throw notOneError(named);
}

function notOneError({ kind, name, ids }: NamedIds): SourceError {
  const what =
    ids.length === 0
      ? `There is no ${kind} ${JSON.stringify(name)} that this key may read.`
      : `The name ${JSON.stringify(name)} stands for ${ids.length} ${kind}s: ${ids.join(', ')}.`;
  const remedy =
    ids.length === 0
      ? 'Correct the name, give the key the right to read it, or check `organization`.'
      : `Give the id of the ${kind} that is meant, or \`organization\` to the client.`;
  return new SourceError('SOURCE_FORBIDDEN', what, { remedy, details: { kind, name, ids } });
}

function renamedError({ kind, name, ids }: NamedIds, pinned: string): SourceError {
  const now = ids.join(', ');
  const message = `The name ${JSON.stringify(name)} stood for the ${kind} ${pinned} when this export began, and now stands for ${now}.`;
  return new SourceError('SOURCE_RENAMED', message, {
    remedy: `Give the id of the ${kind} that is meant; to begin anew with the other one, call \`reset()\` or take another export id.`,
    details: { kind, name, pinned, ids },
  });
}
