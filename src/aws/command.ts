import { letGo } from './answer-body.js';
import { PageAnswer } from './failure.js';

/** What a middleware sees of a request. */
interface Outgoing {
  readonly request: unknown;
}

interface Message {
  readonly protocol?: string;
  readonly headers: Record<string, string>;
}

/** What a middleware sees of an answer. */
interface Answer {
  readonly response: unknown;
}

/** The headers of an answer, their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string>>;

interface AnswerParts {
  readonly headers: AnswerHeaders;
  readonly body?: unknown;
}

interface Place {
  readonly name: string;
  readonly step: 'build' | 'finalizeRequest';
  readonly priority: 'low' | 'high';
  readonly override?: boolean;
}

/** The part of a command that is changed here. */
interface Middlewares {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: Outgoing) => Promise<Answer>,
      ) => (args: Outgoing) => Promise<Answer>,
      place: Place,
    ): void;
  };
}

/**
 * Takes the SDK's retries out of one command, whatever client sends it: a layer of the same name replaces theirs. A
 * request whose outcome decides something must not be repeated by a layer that cannot tell of it.
 * @param onSuccess - sees the headers of an answer that is no error.
 */
export function once<C>(command: C, onSuccess?: (headers: AnswerHeaders) => void): C {
  const single =
    (next: (args: Outgoing) => Promise<Answer>) =>
    async (args: Outgoing): Promise<Answer> => {
      const answer = await next(args);
      const { headers, body } = answer.response as AnswerParts;
      if (isPage(headers)) {
        letGo(body);
        throw new PageAnswer();
      }
      onSuccess?.(headers);
      return answer;
    };
  (command as Middlewares).middlewareStack.add(single, {
    name: 'retryMiddleware',
    step: 'finalizeRequest',
    priority: 'high',
    override: true,
  });
  return command;
}

/** An empty answer is no page, whatever its type: Swift calls its empty successes HTML. */
function isPage(headers: AnswerHeaders): boolean {
  return /^text\/html/i.test(headers['content-type'] ?? '') && headers['content-length'] !== '0';
}

/** Changes the headers of a command's request before it is signed, whatever client sends it. */
function shape<C>(command: C, name: string, change: (message: Message) => void): C {
  (command as Middlewares).middlewareStack.add(
    (next) => (args) => {
      change(args.request as Message);
      return next(args);
    },
    { name, step: 'build', priority: 'low' },
  );
  return command;
}

const CHECKSUM_OF_THE_SDK = /^x-amz-(checksum-|sdk-checksum-algorithm$)/;

/**
 * Lets one checksum be enough: beside a Content-MD5 the SDK sends a CRC of its own unless its client is told not to.
 * S3 refuses that in a part of an upload that was begun without one, and some services refuse it anywhere.
 */
export function withOneChecksum<C>(command: C): C {
  return shape(command, 'tracehaulOneChecksum', ({ headers }) => {
    const names = headers['content-md5'] === undefined ? [] : Object.keys(headers);
    for (const name of names) if (CHECKSUM_OF_THE_SDK.test(name)) delete headers[name];
  });
}

/**
 * Leaves the SHA-256 of a large body out of the signature where TLS protects it anyway: taken at once, it would hold
 * the event loop. The checksum that the service compares is in a signed header.
 */
export function unsignedOverTls<C>(command: C): C {
  return shape(command, 'tracehaulUnsignedPayload', ({ protocol, headers }) => {
    if (protocol === 'https:') headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
  });
}
