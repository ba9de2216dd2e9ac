/** What a middleware sees of a request. */
interface Outgoing {
  readonly request: unknown;
}

interface Message {
  readonly protocol?: string;
  readonly headers: Record<string, string>;
}

interface Middlewares {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: Outgoing) => Promise<never>) => (args: Outgoing) => Promise<never>,
      options: { readonly name: string; readonly step: 'build'; readonly priority: 'low' },
    ): void;
  };
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
