/** Why the plane does not answer a request with 200. Becomes the HTTP answer; never leaves the plane otherwise. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: 'json' | 'text';

  constructor(
    status: number,
    message: string,
    options: {
      readonly form?: 'json' | 'text';
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.headers = options.headers ?? {};
    this.form = options.form ?? 'json';
  }
}

/** Something the real service may know and this plane does not: 501 with its name, never a guess. */
export function unsupported(name: string): Refusal {
  return new Refusal(501, `This data plane does not support ${name}.`);
}

/** A request that is wrong in itself. */
export function badRequest(message: string): Refusal {
  return new Refusal(400, message);
}
