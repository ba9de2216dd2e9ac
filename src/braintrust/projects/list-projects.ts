import type { OperationOptions } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import { listObjects } from './list-objects.js';

/** A project that the key may read. */
export interface Project {
  readonly id: string;
  readonly name: string;
  /** When it was made; `null` when the service does not tell. */
  readonly created: Date | null;
}

/**
 * Lists the projects that the client's key may read, newest first. One request for each 1,000, and one to know the
 * end.
 * @throws SourceError as a query does; `LIMIT_EXCEEDED` for more than 100,000 projects.
 */
export async function listProjects(
  client: BraintrustClient,
  options: OperationOptions = {},
): Promise<readonly Project[]> {
  const { objects } = await listObjects(client, { kind: 'project' }, options);
  return objects.map(({ id, name, members }) => {
    const created = new Date(String(members['created']));
    return { id, name, created: Number.isNaN(created.getTime()) ? null : created };
  });
}
