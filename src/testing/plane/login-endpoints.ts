import { findReadable } from './access.js';
import { jsonAnswer, readJsonObject } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import { describeObject } from './list-endpoints.js';
import { create, freeName, readName, registerProject } from './object-endpoints.js';
import type { PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';

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
  const dataset = found ?? create(exchange, state, { type: 'dataset', projectId, name });
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
  const name = found === undefined ? asked : freeName(state, asked);
  const experiment = reused ?? create(exchange, state, { type: 'experiment', projectId, name });
  return jsonAnswer({
    project: describeObject(project, state),
    experiment: describeObject(experiment, state),
    found_existing: reused !== undefined,
  });
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
