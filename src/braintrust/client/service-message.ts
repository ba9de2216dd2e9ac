const MESSAGE_MAX_CHARACTERS = 1_000;
/** `[user_email=..] [request_id=..]`: who asked, appended by the service. */
const BRACKETED = /\s*\[[a-z_]+=[^\]]*\]/giu;
const E_MAIL = /[^\s<>"'(),;:=[\]]+@[^\s<>"'(),;:=[\]]+/gu;
const KEY = /\b(?:sk|bt-st)-[\w-]+/gu;

interface Issue {
  readonly message?: unknown;
  readonly path?: unknown;
}

/**
 * What the service says in the body of a refusal, in one line that can be shown: the message of its JSON, or
 * its text; a list of issues with their places. E-mail addresses, keys and who asked are cut out.
 */
export function serviceMessage(body: string): string {
  const said = messageIn(parsed(body)) ?? body;
  const clean = said
    .replaceAll(BRACKETED, '')
    .replaceAll(E_MAIL, '[e-mail]')
    .replaceAll(KEY, '[key]')
    .replaceAll(/\s+/gu, ' ')
    .trim();
  return clean.length > MESSAGE_MAX_CHARACTERS
    ? `${clean.slice(0, MESSAGE_MAX_CHARACTERS)}…`
    : clean;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined; // plain text is the other form of a refusal
  }
}

function messageIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(issueText).join('; ');
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of ['Message', 'message', 'error', 'Code'])
    if (fields[name] !== undefined) return messageIn(fields[name]);
  return undefined;
}

function issueText(value: unknown): string {
  const issue = (typeof value === 'object' && value !== null ? value : {}) as Issue;
  const message = typeof issue.message === 'string' ? issue.message : 'refused';
  const path = Array.isArray(issue.path) && issue.path.length > 0 ? issue.path.join('.') : '';
  return path === '' ? message : `${message} at ${path}`;
}
