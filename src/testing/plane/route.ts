import type { Attachments } from './attachments.js';
import type { BtqlEndpoint } from './btql-endpoint.js';
import { jsonAnswer, textAnswer } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import { insertEvents, insertFeedback, insertLogs } from './insert-endpoints.js';
import { getObject, listObjects } from './list-endpoints.js';
import {
  getProjectById,
  login,
  registerDataset,
  registerExperiment,
  registerProjectByName,
} from './login-endpoints.js';
import { deleteObject, postDataset, postExperiment, postProject } from './object-endpoints.js';
import type { PlaneState } from './plane-state.js';
import { unsupported } from './refusal.js';
import type { ObjectType } from './row-shape.js';

/** What the endpoints work on. */
export interface RouteContext {
  readonly state: PlaneState;
  readonly btql: BtqlEndpoint;
  readonly attachments: Attachments;
  /** Where clients are told to find the data plane. */
  readonly url: string;
  /** The biggest request that is taken. */
  readonly maxRequestBytes: number;
}

type Handler = (exchange: Exchange, context: RouteContext) => Answer;

const FIXED: Readonly<Record<string, Handler>> = {
  'GET /ping': () => textAnswer('pong', 200),
  'GET /version': (_exchange, { maxRequestBytes }) =>
    jsonAnswer({ version: 'tracehaul-testing', logs3_payload_max_bytes: maxRequestBytes }),
  'POST /btql': (exchange, { btql }) => btql.answer(exchange),
  'GET /attachment': (exchange, { attachments }) => attachments.describe(exchange),
  'POST /logs3': (exchange, { state }) => insertLogs(exchange, state),
  'POST /api/apikey/login': (_exchange, { state, url }) => login(state, url),
  'GET /api/project': (exchange, { state }) => getProjectById(exchange, state),
  'POST /api/project/register': (exchange, { state }) => registerProjectByName(exchange, state),
  'POST /api/dataset/register': (exchange, { state }) => registerDataset(exchange, state),
  'POST /api/experiment/register': (exchange, { state }) => registerExperiment(exchange, state),
  'GET /v1/project': (exchange, { state }) => listObjects(exchange, state, 'project_logs'),
  'POST /v1/project': (exchange, { state }) => postProject(exchange, state),
  'GET /v1/experiment': (exchange, { state }) => listObjects(exchange, state, 'experiment'),
  'POST /v1/experiment': (exchange, { state }) => postExperiment(exchange, state),
  'GET /v1/dataset': (exchange, { state }) => listObjects(exchange, state, 'dataset'),
  'POST /v1/dataset': (exchange, { state }) => postDataset(exchange, state),
};

const WRITE = /^\/v1\/(project_logs|experiment|dataset)\/([^/]+)\/(insert|feedback)$/u;
const OBJECT = /^\/v1\/(project|experiment|dataset)\/([^/]+)$/u;

/** Hands a request to its endpoint; what has none is refused by name. */
export function route(exchange: Exchange, context: RouteContext): Answer {
  const { method, path } = exchange;
  const fixed = FIXED[`${method} ${path}`];
  if (fixed !== undefined) return fixed(exchange, context);
  const [, type, id = '', action] = WRITE.exec(path) ?? [];
  if (method === 'POST' && type !== undefined) {
    const target = { type: type as ObjectType, id };
    return action === 'insert'
      ? insertEvents(exchange, context.state, target)
      : insertFeedback(exchange, context.state, target);
  }
  const [, kind, objectId = ''] = OBJECT.exec(path) ?? [];
  if (kind !== undefined) {
    const target = {
      type: kind === 'project' ? 'project_logs' : (kind as ObjectType),
      id: objectId,
    };
    if (method === 'GET') return getObject(exchange, context.state, target);
    if (method === 'DELETE') return deleteObject(exchange, context.state, target);
  }
  throw unsupported(`${method} ${path}`);
}
