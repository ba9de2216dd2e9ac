import { randomBytes } from 'node:crypto';

import { Refusal } from '../refusal.js';
import type { DoubleRole, DoubleUser } from '../types.js';

/** Account of the owner and of every bucket without an owner of its own. */
export const OWNER_ACCOUNT = '111122223333';

/** Who signed a request. */
export interface Principal {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly arn: string;
  /** ARN of the assumed role, or null. */
  readonly roleArn: string | null;
}

interface Session extends Principal {
  readonly token: string;
  readonly expires: Date;
}

/** Temporary credentials as AssumeRole hands them out. */
export interface NewSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  readonly expires: Date;
  readonly arn: string;
}

/** Users, roles and sessions. */
export class Accounts {
  readonly owner: DoubleUser = {
    accessKeyId: 'AKIAOWNEROFDOUBLE000',
    secretAccessKey: 'owner-secret-of-the-double',
  };
  readonly #users = new Map<string, Principal>();
  readonly #sessions = new Map<string, Session>();
  readonly #roles = new Map<string, DoubleRole>();

  constructor() {
    this.#users.set(this.owner.accessKeyId, {
      ...this.owner,
      arn: `arn:aws:iam::${OWNER_ACCOUNT}:root`,
      roleArn: null,
    });
  }

  addUser(user: DoubleUser): void {
    const arn = `arn:aws:iam::${OWNER_ACCOUNT}:user/${user.accessKeyId}`;
    this.#users.set(user.accessKeyId, { ...user, arn, roleArn: null });
  }

  addRole(role: DoubleRole): void {
    this.#roles.set(role.arn, role);
  }

  role(arn: string): DoubleRole | null {
    return this.#roles.get(arn) ?? null;
  }

  openSession(role: DoubleRole, name: string, expires: Date): NewSession {
    const account = role.arn.split(':')[4] ?? '';
    const roleName = role.arn.slice(role.arn.lastIndexOf('/') + 1);
    const session = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      token: randomBytes(120).toString('base64'),
      expires,
      arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
      roleArn: role.arn,
    };
    this.#sessions.set(session.accessKeyId, session);
    return session;
  }

  /** Who holds these keys. Refuses unknown keys, wrong tokens and ended sessions. */
  identify(claim: { accessKeyId: string; token: string | null; now: Date }): Principal {
    const user = this.#users.get(claim.accessKeyId);
    const session = this.#sessions.get(claim.accessKeyId);
    if (user !== undefined && claim.token === null) return user;
    if (user !== undefined || (session !== undefined && wrongToken(session, claim.token))) {
      throw new Refusal('InvalidToken', 'The provided token is malformed or otherwise invalid.');
    }
    if (session === undefined || claim.token === null) throw unknownKeys(claim.accessKeyId);
    if (claim.now < session.expires) return session;
    throw new Refusal('ExpiredToken', 'The provided token has expired.');
  }
}

function wrongToken(session: Session, token: string | null): boolean {
  return token !== null && token !== session.token;
}

function unknownKeys(accessKeyId: string): Refusal {
  return new Refusal(
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
    { fields: { AWSAccessKeyId: accessKeyId } },
  );
}
