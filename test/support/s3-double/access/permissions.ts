import { OWNER_ACCOUNT, type Principal } from './accounts.js';
import { Refusal } from '../refusal.js';
import type { DenyRule, KmsKeySettings, ObjectEncryption } from '../types.js';

const AWS_MANAGED_KEY = 'aws/s3';

/** One thing that somebody wants to do. */
export interface Attempt {
  readonly principal: Principal;
  /** `s3:PutObject` */
  readonly action: string;
  readonly bucket: string | null;
  /** The key, or the prefix of a listing. */
  readonly key: string | null;
}

/** Who may do what: everybody everything but what rules deny. The owner is not exempt. */
export class Permissions {
  readonly #rules = new Set<DenyRule>();
  readonly #keys = new Map<string, KmsKeySettings>([[AWS_MANAGED_KEY, {}]]);

  deny(rule: DenyRule): () => void {
    const own = { ...rule };
    this.#rules.add(own);
    return () => void this.#rules.delete(own);
  }

  addKey(id: string, settings: KmsKeySettings): void {
    this.#keys.set(id, settings);
  }

  allows(attempt: Attempt): boolean {
    return ![...this.#rules].some((rule) => denies(rule, attempt));
  }

  /** Refuses what a rule denies, naming the action and the resource. */
  require(attempt: Attempt): void {
    if (this.allows(attempt)) return;
    const key = attempt.key === null ? '' : `/${attempt.key}`;
    throw notAuthorized(attempt, `arn:aws:s3:::${attempt.bucket ?? ''}${key}`);
  }

  /** Refuses a key of KMS that does not exist or may not be used. */
  requireKey(attempt: Attempt, encryption: ObjectEncryption): void {
    if (encryption.algorithm !== 'aws:kms') return;
    const id = encryption.keyId ?? AWS_MANAGED_KEY;
    const arn = keyArn(id);
    const key = this.#keys.get(id) ?? this.#keys.get(id.slice(id.lastIndexOf('/') + 1));
    if (key === undefined) {
      throw new Refusal('KMS.NotFoundException', `Key '${arn}' does not exist`);
    }
    const { accessKeyId, roleArn } = attempt.principal;
    const isDenied = key.deniedTo?.some((each) => each === accessKeyId || each === roleArn);
    if (isDenied === true || !this.allows(attempt)) throw notAuthorized(attempt, arn);
  }
}

/** The ARN under which answers name a key. */
export function keyArn(id: string): string {
  return id.startsWith('arn:') ? id : `arn:aws:kms:us-east-1:${OWNER_ACCOUNT}:key/${id}`;
}

function denies(rule: DenyRule, attempt: Attempt): boolean {
  const { accessKeyId, roleArn } = attempt.principal;
  const who = rule.accessKeyId;
  return (
    rule.action === attempt.action &&
    (who === undefined || who === accessKeyId || who === roleArn) &&
    (rule.prefix === undefined || (attempt.key ?? '').startsWith(rule.prefix))
  );
}

function notAuthorized(attempt: Attempt, resource: string): Refusal {
  return new Refusal(
    'AccessDenied',
    `User: ${attempt.principal.arn} is not authorized to perform: ${attempt.action} ` +
      `on resource: "${resource}" because no identity-based policy allows the ` +
      `${attempt.action} action`,
  );
}
