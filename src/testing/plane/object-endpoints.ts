import { findReadable, mayRead } from './access.js';
import { jsonAnswer, readJsonObject } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import type { PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';
import { formError } from './query/read-ast.js';
import { badRequest, Refusal, unsupported } from './refusal.js';
import type { ObjectType } from './row-shape.js';

const LIST_LIMIT = 1000;

/** How an object looks in answers. */
function describeObject(object: PlaneObject, state: PlaneState): Record<string, unknown> {
  const { id, projectId, name, created, description, metadata } = object.record;
  const common = { id, name, created, description, deleted_at: null, user_id: null };
  if (object.type === 'project_logs')
    return { ...common, org_id: state.organization.id, settings: null };
  const own = { ...common, project_id: projectId, metadata, tags: null };
  return object.type === 'experiment' ? { ...own, public: false } : own;
}

const LIST_PARAMETERS: Readonly<Record<ObjectType, readonly string[]>> = {
  project_logs: ['limit', 'starting_after', 'ids', 'project_name', 'org_name'],
  experiment: [
    'limit',
    'starting_after',
    'ids',
    'experiment_name',
    'project_name',
    'project_id',
    'org_name',
  ],
  dataset: [
    'limit',
    'starting_after',
    'ids',
    'dataset_name',
    'project_name',
    'project_id',
    'org_name',
  ],
};

/** `GET /v1/project`, `/v1/experiment` and `/v1/dataset`: newest first, paged by the last id. */
export function listObjects(exchange: Exchange, state: PlaneState, type: ObjectType): Answer {
  const { parameters, key } = exchange;
  for (const name of parameters.keys())
    if (!LIST_PARAMETERS[type].includes(name)) throw unsupported(`the parameter \`${name}\``);
  const limit = Number(parameters.get('limit') ?? LIST_LIMIT);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest('`limit` must be a whole number.');
  const newestFirst = [...state.objects(type)].reverse();
  const after = parameters.get('starting_after');
  const place = after === null ? 0 : newestFirst.findIndex(({ record }) => record.id === after) + 1;
  if (after !== null && place === 0) throw badRequest('`starting_after` names an unknown id.');
  const listed = newestFirst
    .slice(place)
    .filter((object) => mayRead(key, object, state) && isWanted(object, parameters, state));
  return jsonAnswer({ objects: listed.slice(0, limit).map((one) => describeObject(one, state)) });
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

/** `GET /v1/project/{id}`. */
export function getProject(exchange: Exchange, state: PlaneState, id: string): Answer {
  const object = findReadable(state, { type: 'project_logs', id }, exchange.key);
  return jsonAnswer(describeObject(object, state));
}

/** `POST /v1/project`: an existing project of the name is given back unchanged. */
export function postProject(exchange: Exchange, state: PlaneState): Answer {
  const name = readName(readJsonObject(exchange), 'name');
  return jsonAnswer(describeObject(registerProject(exchange, state, name), state));
}

/** Finds or makes the project of a name. */
function registerProject(exchange: Exchange, state: PlaneState, name: string): PlaneObject {
  const found = state.findByName('project_logs', name);
  const { projects } = exchange.key;
  const allowed =
    found === undefined
      ? projects === undefined || projects.includes(name)
      : mayRead(exchange.key, found, state);
  if (!allowed)
    throw new Refusal(403, 'Missing permission to create or open this project.', { form: 'text' });
  return found ?? state.create('project_logs', { name });
}

function readName(body: Readonly<Record<string, unknown>>, field: string): string {
  const name = body[field];
  if (typeof name === 'string' && name !== '') return name;
  throw formError([field], 'string', name);
}

/** `POST /api/apikey/login`: the organizations of the key, and where their data plane is. */
export function login(state: PlaneState, url: string): Answer {
  const { id, name } = state.organization;
  const organization = {
    id,
    name,
    api_url: url,
    proxy_url: url,
    realtime_url: url,
    is_universal_api: true,
    git_metadata: null,
  };
  return jsonAnswer({ org_info: [organization] });
}

/** `POST /api/project/register`. */
export function registerProjectByName(exchange: Exchange, state: PlaneState): Answer {
  const name = readName(readJsonObject(exchange), 'project_name');
  const existing = state.findByName('project_logs', name) !== undefined;
  const project = registerProject(exchange, state, name);
  return jsonAnswer({ project: describeObject(project, state), found_existing: existing });
}

/** `POST /api/dataset/register`: an existing dataset of the name is opened. */
export function registerDataset(exchange: Exchange, state: PlaneState): Answer {
  const body = readJsonObject(exchange);
  const project = projectOf(exchange, state, body);
  const name = readName(body, 'dataset_name');
  const projectId = project.record.id;
  const found = state.findByName('dataset', name, projectId);
  const dataset = found ?? state.create('dataset', { name, projectId, ...describedBy(body) });
  return jsonAnswer({
    project: describeObject(project, state),
    dataset: describeObject(dataset, state),
    found_existing: found !== undefined,
  });
}

/** `POST /api/experiment/register`: a new experiment each time, unless `update` asks for the old one. */
export function registerExperiment(exchange: Exchange, state: PlaneState): Answer {
  const body = readJsonObject(exchange);
  const project = projectOf(exchange, state, body);
  const projectId = project.record.id;
  const asked =
    body['experiment_name'] == null
      ? `experiment-${state.newId()}`
      : readName(body, 'experiment_name');
  const found = state.findByName('experiment', asked, projectId);
  const reused = body['update'] === true ? found : undefined;
  const name = found === undefined ? asked : `${asked}-${state.newId().slice(0, 8)}`;
  const experiment =
    reused ?? state.create('experiment', { name, projectId, ...describedBy(body) });
  return jsonAnswer({
    project: describeObject(project, state),
    experiment: describeObject(experiment, state),
    found_existing: reused !== undefined,
  });
}

function describedBy(body: Readonly<Record<string, unknown>>): {
  readonly description: string | null;
  readonly metadata: unknown;
} {
  const { description, metadata } = body;
  return {
    description: typeof description === 'string' ? description : null,
    metadata: metadata ?? null,
  };
}

function projectOf(
  exchange: Exchange,
  state: PlaneState,
  body: Readonly<Record<string, unknown>>,
): PlaneObject {
  const id = body['project_id'];
  if (typeof id === 'string')
    return findReadable(state, { type: 'project_logs', id }, exchange.key);
  return registerProject(exchange, state, readName(body, 'project_name'));
}

/** `GET /api/project`. */
export function getProjectById(exchange: Exchange, state: PlaneState): Answer {
  const id = exchange.parameters.get('id') ?? '';
  const object = findReadable(state, { type: 'project_logs', id }, exchange.key);
  return jsonAnswer({ name: object.record.name, project: describeObject(object, state) });
}
