import { findReadable, findWritable, mayRead } from './access.js';
import type { ObjectTarget } from './access.js';
import { jsonAnswer, readJsonObject } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import { describeObject } from './list-endpoints.js';
import type { ObjectDescription, PlaneObject } from './plane-object.js';
import type { PlaneState } from './plane-state.js';
import { formError } from './query/read-ast.js';
import { Refusal, unsupported } from './refusal.js';
import type { ObjectType } from './row-shape.js';

type Body = Readonly<Record<string, unknown>>;

/** `POST /v1/project`: an existing project of the name is given back unchanged. */
export function postProject(exchange: Exchange, state: PlaneState): Answer {
  const name = readName(readJsonObject(exchange), 'name');
  return jsonAnswer(describeObject(registerProject(exchange, state, name), state));
}

/** Finds or makes the project of a name. */
export function registerProject(exchange: Exchange, state: PlaneState, name: string): PlaneObject {
  const found = state.findByName('project_logs', name);
  const { projects } = exchange.key;
  const allowed =
    found === undefined
      ? exchange.key.readOnly !== true && (projects === undefined || projects.includes(name))
      : mayRead(exchange.key, found, state);
  if (!allowed)
    throw new Refusal(403, 'Missing permission to create or open this project.', { form: 'text' });
  return found ?? state.create('project_logs', { name });
}

/** A field that must hold a text. */
export function readName(body: Body, field: string): string {
  const name = body[field];
  if (typeof name === 'string' && name !== '') return name;
  throw formError([field], 'string', name);
}

const CREATE_FIELDS: ReadonlySet<string> = new Set([
  'project_id',
  'name',
  'description',
  'metadata',
  'tags',
]);
const EXPERIMENT_FIELDS: ReadonlySet<string> = new Set([
  ...CREATE_FIELDS,
  'dataset_id',
  'dataset_version',
  'ensure_new',
]);

/** `POST /v1/dataset`: an existing dataset of the name is given back unchanged. */
export function postDataset(exchange: Exchange, state: PlaneState): Answer {
  const body = readJsonObject(exchange);
  checkFields(body, CREATE_FIELDS);
  const projectId = readableProject(exchange, state, body);
  const name = readName(body, 'name');
  const found = state.findByName('dataset', name, projectId);
  const dataset = found ?? create(exchange, state, { type: 'dataset', projectId, name });
  return jsonAnswer(describeObject(dataset, state));
}

/** `POST /v1/experiment`: an existing experiment of the name is given back unchanged, unless `ensure_new` is set. */
export function postExperiment(exchange: Exchange, state: PlaneState): Answer {
  const body = readJsonObject(exchange);
  checkFields(body, EXPERIMENT_FIELDS);
  const projectId = readableProject(exchange, state, body);
  const asked = body['name'] == null ? `experiment-${state.newId()}` : readName(body, 'name');
  const found = state.findByName('experiment', asked, projectId);
  if (found !== undefined && body['ensure_new'] !== true)
    return jsonAnswer(describeObject(found, state));
  const name = found === undefined ? asked : freeName(state, asked);
  const experiment = create(exchange, state, { type: 'experiment', projectId, name });
  return jsonAnswer(describeObject(experiment, state));
}

/** A name that no experiment has yet. */
export function freeName(state: PlaneState, asked: string): string {
  return `${asked}-${state.newId().slice(0, 8)}`;
}

/** Makes what the body of a request describes, in a project that the caller may change. */
export function create(
  exchange: Exchange,
  state: PlaneState,
  made: { readonly type: ObjectType; readonly projectId: string; readonly name: string },
): PlaneObject {
  const { type, projectId, name } = made;
  const project: ObjectTarget = { type: 'project_logs', id: projectId };
  findWritable(state, project, { key: exchange.key, access: 'create' });
  return state.create(type, { name, projectId, ...describedBy(readJsonObject(exchange)) });
}

function checkFields(body: Body, known: ReadonlySet<string>): void {
  for (const field of Object.keys(body))
    if (!known.has(field) && body[field] != null) throw unsupported(`the body field \`${field}\``);
}

function readableProject(exchange: Exchange, state: PlaneState, body: Body): string {
  const id = readName(body, 'project_id');
  return findReadable(state, { type: 'project_logs', id }, exchange.key).record.id;
}

/** What a body says of an experiment or a dataset. */
function describedBy(body: Body): ObjectDescription {
  return {
    description: textOrNull(body['description']),
    metadata: body['metadata'] ?? null,
    tags: Array.isArray(body['tags']) ? (body['tags'] as string[]) : null,
    datasetId: textOrNull(body['dataset_id']),
    datasetVersion: textOrNull(body['dataset_version']),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** `DELETE /v1/{kind}/{id}`: the object is marked, answered once more, and gone for everyone. */
export function deleteObject(exchange: Exchange, state: PlaneState, target: ObjectTarget): Answer {
  const object = findWritable(state, target, { key: exchange.key, access: 'delete' });
  object.deletedAt = state.now().toISOString();
  return jsonAnswer(describeObject(object, state));
}
