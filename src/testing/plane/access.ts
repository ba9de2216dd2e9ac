import type { IncomingHttpHeaders } from 'node:http';

import type { PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';
import { Refusal } from './refusal.js';
import type { ObjectType } from './row-shape.js';

/** What a key opens. */
export interface Rights {
  /** Names or ids of the projects that may be read and written. @defaultValue all */
  readonly projects?: readonly string[];
  /** Whether all that is not reading is refused with 403. @defaultValue `false` */
  readonly readOnly?: boolean;
}

/** Who may call the plane, and what they may do. */
export interface ApiKey extends Rights {
  readonly key: string;
  /** Shown in error texts, as the service does. @defaultValue `'developer@example.com'` */
  readonly email?: string;
}

export const DEFAULT_API_KEY = 'sk-data-plane';
const DEFAULT_EMAIL = 'developer@example.com';

/** The keys and what each may do by now. */
export class ApiKeys {
  readonly #keys: Map<string, ApiKey>;

  constructor(apiKeys: readonly ApiKey[]) {
    this.#keys = new Map(Array.from(apiKeys, (apiKey) => [apiKey.key, apiKey]));
  }

  setRights(key: string, rights: Rights): void {
    const known = this.#keys.get(key);
    if (known === undefined) throw new Error('There is no such API key.');
    this.#keys.set(key, { ...known, ...rights });
  }

  /** Finds the caller's key, or refuses with 401. */
  authenticate(headers: IncomingHttpHeaders, organization: string): ApiKey {
    const token = /^Bearer (.+)$/iu.exec(headers.authorization ?? '')?.[1];
    const key = this.#keys.get(token ?? '');
    if (key === undefined)
      throw new Refusal(401, token === undefined ? 'Missing API key.' : 'Invalid API key.', {
        form: 'text',
      });
    const organizationName = headers['x-bt-org-name'];
    if (organizationName !== undefined && organizationName !== organization)
      throw new Refusal(403, 'This credential does not belong to the organization.', {
        form: 'text',
      });
    return key;
  }
}

/** Whether a key opens the project of an object. */
export function mayRead(key: ApiKey, object: PlaneObject, state: PlaneState): boolean {
  if (key.projects === undefined) return true;
  const { projectId } = object.record;
  const name = state.find('project_logs', projectId)?.record.name;
  return key.projects.includes(projectId) || (name !== undefined && key.projects.includes(name));
}

/** Who asked, when: what the service adds to its error texts. */
export function callerSuffix(state: PlaneState, key: ApiKey): string {
  return [
    `[user_email=${key.email ?? DEFAULT_EMAIL}]`,
    `[user_org=${state.organization.name}]`,
    `[timestamp=${(state.now().getTime() / 1000).toFixed(3)}]`,
    `[request_id=${state.newId()}]`,
  ].join(' ');
}

const NOUNS: Readonly<Record<ObjectType, string>> = {
  project_logs: 'project',
  experiment: 'experiment',
  dataset: 'dataset',
};

/** One object of a kind. */
export interface ObjectTarget {
  readonly type: ObjectType;
  readonly id: string;
}

/** Finds an object that the caller may read. One text serves for "absent" and "forbidden", as in the service. */
export function findReadable(state: PlaneState, target: ObjectTarget, key: ApiKey): PlaneObject {
  const object = state.find(target.type, target.id);
  if (object !== undefined && mayRead(key, object, state)) return object;
  const text = missingAccess('read', target);
  throw new Refusal(object === undefined ? 400 : 403, `${text} ${callerSuffix(state, key)}`, {
    form: 'text',
  });
}

/** Finds an object that the caller may change. The text is made after that of {@link findReadable}: no recording shows one. */
export function findWritable(
  state: PlaneState,
  target: ObjectTarget,
  caller: { readonly key: ApiKey; readonly access: 'create' | 'update' | 'delete' },
): PlaneObject {
  const { key, access } = caller;
  const object = findReadable(state, target, key);
  if (key.readOnly !== true) return object;
  const text = missingAccess(access, target);
  throw new Refusal(403, `${text} ${callerSuffix(state, key)}`, { form: 'text' });
}

function missingAccess(access: string, { type, id }: ObjectTarget): string {
  const noun = NOUNS[type];
  return `Missing ${access} access to ${noun} id ${id}, or the ${noun} does not exist`;
}
