const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const CLAUSE =
  /\s*(select|dimensions|measures|from|filter|final_filter|trace_filter|sample|sort|limit|cursor|preview_length|pivot|unpivot)\s*:/iuy;

interface Bracket {
  readonly character: string;
  readonly place: number;
}

/**
 * Says why a text may not stand where one filter expression belongs, or `null`. It must end where it seems to
 * end: quotes and brackets in balance, no comment, nothing that begins another clause or statement. Whether the
 * expression means something is for the service to say. Places count characters from 1.
 */
export function filterTextProblem(text: string): string | null {
  if (text.trim() === '') return 'must not be blank';
  if (!text.isWellFormed()) return 'holds a lone surrogate';
  const open: Bracket[] = [];
  let place = 0;
  while (place < text.length) {
    const character = text.charAt(place);
    if (character === "'" || character === '"') {
      const end = quoteEnd(text, place);
      if (end === -1) return `has a quote at ${place + 1} that is never closed`;
      place = end;
      continue;
    }
    const problem = separatorProblem(text, place) ?? bracketProblem(open, character, place);
    if (problem !== null) return problem;
    place += 1;
  }
  const left = open.at(-1);
  return left === undefined
    ? null
    : `has a "${left.character}" at ${left.place + 1} without its end`;
}

/** The place after the closing quote: doubled or escaped quotes belong to the text. */
function quoteEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let place = start + 1; place < text.length; place += 1) {
    const character = text.charAt(place);
    if (character === '\\') place += 1;
    else if (character === quote && text.charAt(place + 1) === quote) place += 1;
    else if (character === quote) return place + 1;
  }
  return -1;
}

function separatorProblem(text: string, place: number): string | null {
  const character = text.charAt(place);
  if (character === '|' || character === ';')
    return `has a "${character}" at ${place + 1}, which would begin another clause`;
  const pair = text.slice(place, place + 2);
  if (pair === '--' || pair === '/*') return `has a comment at ${place + 1}; leave it out`;
  if (place > 0 && character !== '\n' && character !== '\r') return null;
  CLAUSE.lastIndex = place;
  const clause = CLAUSE.exec(text)?.[1];
  if (clause === undefined) return null;
  return `begins the clause "${clause}:" at ${text.indexOf(clause, place) + 1}; give one expression`;
}

function bracketProblem(open: Bracket[], character: string, place: number): string | null {
  if (character in CLOSERS) {
    open.push({ character, place });
    return null;
  }
  if (character !== ')' && character !== ']' && character !== '}') return null;
  const last = open.pop();
  if (last !== undefined && CLOSERS[last.character] === character) return null;
  return `has a "${character}" at ${place + 1} that closes nothing`;
}
