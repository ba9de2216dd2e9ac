/** A step that a model may take. */
export interface Transition<S> {
  readonly label: string;
  readonly state: S;
}

export interface Model<S> {
  readonly initial: S;
  /** Equal for states that need not be told apart. */
  readonly key: (state: S) => string;
  readonly steps: (state: S) => Iterable<Transition<S>>;
  /** The name of the property that the state breaks, or `null`. */
  readonly violation: (state: S) => string | null;
}

export interface SearchResult {
  readonly states: number;
  /** The first violation, reached by a shortest trace, or `null` when every reachable state was visited. */
  readonly violation: { readonly name: string; readonly trace: readonly string[] } | null;
}

/** Every state is visited once, so a model that never ends is a mistake: it stops here. */
const STATES_MAX = 4_000_000;

/** How each state was reached: the place of the one before, and the step between. */
class History {
  readonly #parents: number[] = [];
  readonly #labels: string[] = [];

  add(parent: number, label: string): number {
    this.#parents.push(parent);
    return this.#labels.push(label) - 1;
  }

  trace(place: number): readonly string[] {
    const labels: string[] = [];
    for (let at = place; at > 0; at = this.#parents[at]!) labels.push(this.#labels[at]!);
    return labels.toReversed();
  }
}

/** Visits all reachable states, nearest first, until one breaks a property. */
export function search<S>(model: Model<S>): SearchResult {
  const seen = new Set([model.key(model.initial)]);
  const history = new History();
  let frontier = [{ state: model.initial, place: history.add(0, '') }];
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const { state, place } of frontier) {
      const name = model.violation(state);
      if (name !== null)
        return { states: seen.size, violation: { name, trace: history.trace(place) } };
      for (const { label, state: reached } of model.steps(state)) {
        const key = model.key(reached);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ state: reached, place: history.add(place, label) });
      }
    }
    if (seen.size > STATES_MAX) throw new Error(`The model has over ${STATES_MAX} states.`);
    frontier = next;
  }
  return { states: seen.size, violation: null };
}
