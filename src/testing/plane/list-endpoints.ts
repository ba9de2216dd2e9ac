import { findReadable, mayRead } from './access.js';
import { jsonAnswer } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import type { PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';
import { badRequest, unsupported } from './refusal.js';
import type { ObjectType } from './row-shape.js';

const LIST_LIMIT = 1000;
const SHARED_PARAMETERS = ['limit', 'starting_after', 'ending_before', 'ids', 'org_name'];
const LIST_PARAMETERS: Readonly<Record<ObjectType, readonly string[]>> = {
  project_logs: [...SHARED_PARAMETERS, 'project_name'],
  experiment: [...SHARED_PARAMETERS, 'experiment_name', 'project_name', 'project_id'],
  dataset: [...SHARED_PARAMETERS, 'dataset_name', 'project_name', 'project_id'],
};

/** How an object looks in answers. */
export function describeObject(object: PlaneObject, state: PlaneState): Record<string, unknown> {
  const { record, deletedAt: deleted_at } = object;
  const { id, name, created, description } = record;
  const common = { id, name, created, description, deleted_at, user_id: null };
  if (object.type === 'project_logs')
    return { ...common, org_id: state.organization.id, settings: null };
  const { projectId: project_id, metadata, tags } = record;
  const own = { ...common, project_id, metadata, tags };
  if (object.type === 'dataset') return { ...own, url_slug: slugOf(name) };
  return {
    ...own,
    dataset_id: record.datasetId,
    dataset_version: record.datasetVersion,
    base_exp_id: null,
    commit: null,
    internal_metadata: null,
    parameters_id: null,
    parameters_version: null,
    public: false,
    repo_info: null,
  };
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
}

/** `GET /v1/project`, `/v1/experiment` and `/v1/dataset`: newest first, paged by an id of the page before or after. */
export function listObjects(exchange: Exchange, state: PlaneState, type: ObjectType): Answer {
  const { parameters, key } = exchange;
  for (const name of parameters.keys())
    if (!LIST_PARAMETERS[type].includes(name)) throw unsupported(`the parameter \`${name}\``);
  const newestFirst = [...state.objects(type)].reverse();
  const isListed = (object: PlaneObject): boolean =>
    !state.isDeleted(object) && mayRead(key, object, state) && isWanted(object, parameters, state);
  const page = pageOf(newestFirst, parameters, isListed);
  return jsonAnswer({ objects: page.map((object) => describeObject(object, state)) });
}

/** A deleted object still marks a place, so that a list can be read while its objects are deleted. */
function pageOf(
  newestFirst: readonly PlaneObject[],
  parameters: URLSearchParams,
  isListed: (object: PlaneObject) => boolean,
): readonly PlaneObject[] {
  const limit = Number(parameters.get('limit') ?? LIST_LIMIT);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest('`limit` must be a whole number.');
  const after = placeOf(newestFirst, parameters, 'starting_after');
  const before = placeOf(newestFirst, parameters, 'ending_before');
  if (after !== null && before !== null)
    throw badRequest('Only one of `starting_after` and `ending_before` may be given.');
  if (before === null)
    return newestFirst
      .slice((after ?? -1) + 1)
      .filter(isListed)
      .slice(0, limit);
  const newer = newestFirst.slice(0, before).filter(isListed);
  return newer.slice(Math.max(0, newer.length - limit));
}

function placeOf(
  objects: readonly PlaneObject[],
  parameters: URLSearchParams,
  name: string,
): number | null {
  const id = parameters.get(name);
  if (id === null) return null;
  const place = objects.findIndex(({ record }) => record.id === id);
  if (place < 0) throw badRequest(`\`${name}\` names an unknown id.`);
  return place;
}

function isWanted(object: PlaneObject, parameters: URLSearchParams, state: PlaneState): boolean {
  const { record, type } = object;
  const project = state.find('project_logs', record.projectId)?.record;
  const ids = parameters.getAll('ids').flatMap((list) => list.split(','));
  const isProject = type === 'project_logs';
  const wanted: readonly (readonly [string | null, string | undefined])[] = [
    [parameters.get('project_name'), project?.name],
    [parameters.get('project_id'), record.projectId],
    [isProject ? null : parameters.get(`${type}_name`), record.name],
    [parameters.get('org_name'), state.organization.name],
  ];
  return (
    (ids.length === 0 || ids.includes(record.id)) &&
    wanted.every(([expected, actual]) => expected === null || expected === actual)
  );
}

/** `GET /v1/{kind}/{id}`. */
export function getObject(
  exchange: Exchange,
  state: PlaneState,
  target: { readonly type: ObjectType; readonly id: string },
): Answer {
  return jsonAnswer(describeObject(findReadable(state, target, exchange.key), state));
}
