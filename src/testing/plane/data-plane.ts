import { readOptions } from '../../options/index.js';
import { systemRuntime } from '../../util/runtime.js';
import { ApiKeys, DEFAULT_API_KEY } from './access.js';
import type { ApiKey } from './access.js';
import { Attachments } from './attachments.js';
import type { AttachmentReference, NewAttachment } from './attachments.js';
import { BigAnswers } from './big-answers.js';
import { BtqlEndpoint } from './btql-endpoint.js';
import { createControl } from './control.js';
import type { PlaneControl } from './control.js';
import { AnswerFaults } from './faults.js';
import { PlaneState } from './plane-state.js';
import type { CommitOptions, CommitResult, RowVersion } from './plane-state.js';
import type { ObjectDescription, ObjectRecord, PlaneObject } from './plane-object.js';
import { closeServer, listen, originOf, RequestHandler } from './plane-server.js';
import { badRequest } from './refusal.js';
import { RequestLimits } from './request-limits.js';
import { RequestLog } from './request-log.js';
import type { PlaneRequests } from './request-log.js';
import type { JsonRow, ObjectType } from './row-shape.js';
import { parseStored } from './row-table.js';
import { serveStorage } from './storage-server.js';

const DAY_MS = 86_400_000;
const DEFAULT_REQUEST_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_ANSWER_MAX_BYTES = 4 * 1024 * 1024;

export interface DataPlaneOptions {
  /** What stamps transactions, the `Date` header and limits. @defaultValue the real clock */
  readonly clock?: { now(): Date };
  /** Who may call. @defaultValue one key that opens everything */
  readonly apiKeys?: readonly ApiKey[];
  /** Name of the organization. @defaultValue `'example'` */
  readonly organization?: string;
  /** Queries allowed in any 60 seconds of the clock; more are 429 with `Retry-After`. @defaultValue no limit */
  readonly requestsPerMinute?: number;
  /** Inserts, feedback and other changes allowed in any 60 seconds of the clock; more are 429 too. @defaultValue no limit */
  readonly writesPerMinute?: number;
  /** Whether each write counts among `requestsPerMinute` as well. @defaultValue `false` */
  readonly countWrites?: boolean;
  /** A bigger request is refused with 413; `GET /version` tells the number. @defaultValue 64 MiB */
  readonly maxRequestBytes?: number;
  /** Queries no longer see rows of project logs created longer ago than this. @defaultValue no limit */
  readonly planWindowDays?: number;
  /** A bigger answer is redirected to a signed URL on another origin. @defaultValue 4 MiB */
  readonly maxAnswerBytes?: number;
  /** Whether redirected answers, always compressed, say so in `Content-Encoding`. @defaultValue `true` */
  readonly bigAnswerEncodingHeader?: boolean;
  /** Ids and keys that the plane makes up follow from it. @defaultValue 1 */
  readonly seed?: number;
}

/**
 * A Braintrust data plane inside this process, on real HTTP. What it does not support it refuses with
 * 501 and the name of the thing.
 */
export interface DataPlane {
  /** Origin of the data plane. */
  readonly url: string;
  /** Origin of the application, which the official SDK logs in at. The same as `url`. */
  readonly appUrl: string;
  /** The first key. */
  readonly apiKey: string;
  readonly organization: { readonly id: string; readonly name: string };
  readonly requests: PlaneRequests;
  /** Every row version that was ever committed, in the order in which they surfaced. */
  readonly history: readonly RowVersion[];
  /** Faults and unusual states on demand. */
  readonly control: PlaneControl;
  /** Makes a project. Its id is also the object id of its logs. */
  createProject(name: string): ObjectRecord;
  createExperiment(projectId: string, name: string, description?: ObjectDescription): ObjectRecord;
  createDataset(projectId: string, name: string, description?: ObjectDescription): ObjectRecord;
  /** Deletes an object, and with a project all that is in it: nobody may read it any more. */
  deleteObject(objectType: ObjectType, objectId: string): void;
  /**
   * Writes events as one transaction, exactly as an insert over HTTP does.
   * @throws Error with the text of the HTTP answer when an event is refused; nothing is written then.
   */
  insert(
    objectType: ObjectType,
    objectId: string,
    events: Iterable<JsonRow>,
    options?: CommitOptions,
  ): CommitResult;
  /**
   * The rows inside the plan's window that a query would show now, each in its latest version, by
   * (`_xact_id`, `id`).
   */
  liveRows(objectType: ObjectType, objectId: string): readonly JsonRow[];
  /**
   * Puts a file beside the rows, and gives what stands for it in a row. Its bytes are under
   * `/attachments/{key}` of another origin: `control.fail` works on that path too.
   */
  putAttachment(attachment: NewAttachment): AttachmentReference;
  /** Stops listening and breaks open connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a data plane on a free port of the loopback interface.
 * @throws ConfigurationError `OPTION_INVALID` for unknown or wrong options.
 */
export async function startDataPlane(options: DataPlaneOptions = {}): Promise<DataPlane> {
  const settings = readPlaneOptions(options);
  const { seed, maxRequestBytes } = settings;
  const apiKeys = new ApiKeys(settings.apiKeys);
  const now = (): Date => settings.clock.now();
  const state = new PlaneState({ now, organization: settings.organization, seed });
  const bigAnswers = new BigAnswers({
    now,
    withEncodingHeader: settings.bigAnswerEncodingHeader,
    seed: seed + 1,
  });
  const faults = new AnswerFaults();
  const requests = new RequestLog();
  const attachments = new Attachments({
    now,
    organizationId: state.organization.id,
    storageUrl: () => originOf(storage),
    seed: seed + 3,
  });
  const storageOptions = { now, bigAnswers, attachments, faults, requests };
  const storage = await listen((request, response) => {
    // A connection that broke needs no answer.
    serveStorage({ request, response }, storageOptions).catch(() => request.socket.destroy());
  });
  const btql = new BtqlEndpoint({
    state,
    bigAnswers,
    bigAnswersUrl: originOf(storage),
    maxAnswerBytes: settings.maxAnswerBytes,
    planWindowDays: settings.planWindowDays,
  });
  const server = await listen((request, response) => handler.serve({ request, response }));
  const url = originOf(server);
  const handler = new RequestHandler({
    state,
    apiKeys,
    faults,
    requests,
    seed: seed + 2,
    limits: new RequestLimits(settings, now),
    maxRequestBytes,
    routeContext: { state, btql, attachments, url, maxRequestBytes },
  });
  let closing: Promise<unknown> | null = null;
  return {
    ...planeMethods(state, settings.planWindowDays),
    url,
    appUrl: url,
    apiKey: settings.apiKeys[0]?.key ?? '',
    requests,
    organization: state.organization,
    history: state.history,
    putAttachment: (attachment) => attachments.put(attachment),
    control: createControl({
      state,
      faults,
      apiKeys,
      switches: btql.switches,
      findObject: (objectId) => findObject(state, objectId),
    }),
    close: async () => {
      faults.clear();
      closing ??= Promise.all([closeServer(server), closeServer(storage)]);
      await closing;
    },
  };
}

function readPlaneOptions(options: DataPlaneOptions): Required<DataPlaneOptions> {
  return readOptions('startDataPlane', options, (reader) => {
    const defaultKeys: readonly ApiKey[] = [{ key: DEFAULT_API_KEY }];
    return {
      clock: reader.adapter<{ now(): Date }>('clock', ['now'], systemRuntime),
      apiKeys: reader.adapter<readonly ApiKey[]>('apiKeys', ['length'], defaultKeys),
      organization: reader.string('organization', 'example'),
      requestsPerMinute: reader.number('requestsPerMinute', Infinity, { min: 1 }),
      writesPerMinute: reader.number('writesPerMinute', Infinity, { min: 1 }),
      countWrites: reader.boolean('countWrites', false),
      maxRequestBytes: reader.number('maxRequestBytes', DEFAULT_REQUEST_MAX_BYTES, { min: 1 }),
      planWindowDays: reader.number('planWindowDays', Infinity, { min: 1 }),
      maxAnswerBytes: reader.number('maxAnswerBytes', DEFAULT_ANSWER_MAX_BYTES, { min: 1 }),
      bigAnswerEncodingHeader: reader.boolean('bigAnswerEncodingHeader', true),
      seed: reader.number('seed', 1, { min: 0 }),
    };
  });
}

const OBJECT_TYPES: readonly ObjectType[] = ['project_logs', 'experiment', 'dataset'];

function findObject(state: PlaneState, objectId: string): PlaneObject {
  for (const type of OBJECT_TYPES) {
    const object = state.find(type, objectId);
    if (object !== undefined) return object;
  }
  throw badRequest(`There is no object ${objectId}.`);
}

type PlaneMethods = Pick<
  DataPlane,
  'createProject' | 'createExperiment' | 'createDataset' | 'deleteObject' | 'insert' | 'liveRows'
>;

function planeMethods(state: PlaneState, planWindowDays: number): PlaneMethods {
  const find = (type: ObjectType, id: string): PlaneObject => {
    const object = state.find(type, id);
    if (object === undefined) throw badRequest(`There is no ${type} ${id}.`);
    return object;
  };
  const create = (
    type: ObjectType,
    fields: ObjectDescription & { readonly projectId: string; readonly name: string },
  ): ObjectRecord => {
    find('project_logs', fields.projectId);
    return state.create(type, fields).record;
  };
  return {
    createProject: (name) => state.create('project_logs', { name }).record,
    createExperiment: (projectId, name, description) =>
      create('experiment', { ...description, projectId, name }),
    createDataset: (projectId, name, description) =>
      create('dataset', { ...description, projectId, name }),
    deleteObject: (type, id) => void (find(type, id).deletedAt = state.now().toISOString()),
    insert: (...[type, id, events, options]) => {
      const object = find(type, id);
      return state.commit(
        Array.from(events, (event) => ({ object, event })),
        options,
      );
    },
    liveRows: (type, id) => {
      const now = state.now();
      const oldest = now.getTime() - planWindowDays * DAY_MS;
      const object = find(type, id);
      object.fading.settle(object.table, now);
      return liveRowsOf(object, type === 'project_logs' ? oldest : -Infinity);
    },
  };
}

function liveRowsOf({ table }: PlaneObject, oldest: number): readonly JsonRow[] {
  const rows: JsonRow[] = [];
  let xactId = table.nextXact(null, false);
  while (xactId !== null) {
    for (const row of table.rowsOf(xactId))
      if (!(Date.parse(row.created) < oldest)) rows.push(parseStored(row));
    xactId = table.nextXact((BigInt(xactId) + 1n).toString(), false);
  }
  return rows;
}
