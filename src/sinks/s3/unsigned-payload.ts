/** What a middleware sees of a request. */
interface Outgoing {
  readonly request: unknown;
}

interface HttpMessage {
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

/**
 * Leaves the SHA-256 of a large body out of the signature where TLS protects it anyway: taken at once, it would hold
 * the event loop. The checksum that the service compares is in a signed header.
 */
export function unsignedOverTls<C>(command: C): C {
  (command as Middlewares).middlewareStack.add(
    (next) => (args) => {
      const { protocol, headers } = args.request as HttpMessage;
      if (protocol === 'https:') headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { name: 'tracehaulUnsignedPayload', step: 'build', priority: 'low' },
  );
  return command;
}
