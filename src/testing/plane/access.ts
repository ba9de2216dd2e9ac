import type { IncomingHttpHeaders } from 'node:http';

import type { PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';
import { Refusal } from './refusal.js';
import type { ObjectType } from './row-shape.js';

/** Who may call the plane, and what they may read. */
export interface ApiKey {
  readonly key: string;
  /** Shown in error texts, as the service does. @defaultValue `'developer@example.com'` */
  readonly email?: string;
  /** Names or ids of the projects that may be read and written. @defaultValue all */
  readonly projects?: readonly string[];
}

export const DEFAULT_API_KEY = 'sk-data-plane';
const DEFAULT_EMAIL = 'developer@example.com';

/** Finds the caller's key, or refuses with 401. */
export function authenticate(
  headers: IncomingHttpHeaders,
  apiKeys: readonly ApiKey[],
  organization: string,
): ApiKey {
  const token = /^Bearer (.+)$/iu.exec(headers.authorization ?? '')?.[1];
  const key = apiKeys.find((candidate) => candidate.key === token);
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

/** Finds an object that the caller may read. One text serves for "absent" and "forbidden", as in the service. */
export function findReadable(
  state: PlaneState,
  target: { readonly type: ObjectType; readonly id: string },
  key: ApiKey,
): PlaneObject {
  const object = state.find(target.type, target.id);
  if (object !== undefined && mayRead(key, object, state)) return object;
  const noun = NOUNS[target.type];
  const suffix = callerSuffix(state, key);
  const text = `Missing read access to ${noun} id ${target.id}, or the ${noun} does not exist`;
  throw new Refusal(object === undefined ? 400 : 403, `${text} ${suffix}`, { form: 'text' });
}
