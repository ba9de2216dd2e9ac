import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { ClientGone, drainBody, readWhole } from '../body/body.js';
import type { Answer, World } from '../exchange.js';
import { answer, pass, type Passage, type Prepared } from './faults.js';
import type { LateEffects } from './late-effects.js';
import { findOperation } from '../operations/operations.js';
import { Refusal } from '../refusal.js';
import type { LogEntry, RequestLog } from './request-log.js';
import { type IncomingRequest, prepareRequest } from './s3-request.js';
import { type Connection, refusalAnswer, sendAnswer } from './send.js';
import { claimedAccessKeyId } from '../access/signature-claim.js';
import { answerSts, isStsRequest, stsAction, stsError } from '../operations/sts.js';
import { queryValue, readTarget, type Target } from './target.js';
import type { DoubleRequest, S3Fault } from '../types.js';

/** What the server asks and changes on each request. */
export interface ServerParts {
  readonly world: World;
  readonly log: RequestLog;
  readonly late: LateEffects;
  readonly intercept: (request: DoubleRequest) => S3Fault | null;
  /** Answers everything instead, or null. */
  readonly page: string | null;
}

/** An HTTP server that speaks S3 and STS. Not yet listening. */
export function createS3Server(parts: ServerParts): Server {
  const server = createServer((message, response) => {
    void serve(parts, message, response);
  });
  // A client may keep a connection idle for as long as it likes: it must not lose a race with a time-out here.
  server.keepAliveTimeout = 0;
  return server;
}

async function serve(
  parts: ServerParts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const connection = { message, response, now: parts.world.behaviour.now() };
  try {
    parts.late.tick();
    await serveOne(parts, connection);
  } catch (error) {
    if (error instanceof ClientGone) return;
    // A fault of the double itself: the test that meets it shall see why.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const headers = { 'content-type': 'text/plain' };
    await sendAnswer(connection, { status: 500, headers, body: text });
  }
}

async function serveOne(parts: ServerParts, connection: Connection): Promise<void> {
  if (parts.page !== null) {
    await drainBody(connection.message);
    // Without any header of AWS: whoever answers here does not know S3.
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    return void connection.response.writeHead(200, headers).end(parts.page);
  }
  let target: Target;
  try {
    target = readTarget(connection.message);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await drainBody(connection.message);
    return sendAnswer(connection, refusalAnswer(error, null));
  }
  return isStsRequest(target)
    ? serveSts(parts, connection, target)
    : serveS3(parts, connection, target);
}

async function serveS3(parts: ServerParts, connection: Connection, target: Target): Promise<void> {
  const operation = findOperation(target);
  const entry = openEntry(parts, target, operation?.name ?? 'Unknown');
  const passage: Passage = {
    connection,
    entry,
    prepare: (onProgress) =>
      prepareS3(parts.world, { message: connection.message, target, operation, onProgress }),
    bucket: parts.world.buckets.get(target.bucket ?? '') ?? null,
    uploadId: queryValue(target, 'uploadId'),
    late: parts.late,
  };
  await passOrRefuse(parts, passage, (refusal) => refusalAnswer(refusal, target));
}

async function prepareS3(world: World, incoming: IncomingRequest): Promise<Prepared> {
  const { exchange, effect } = await prepareRequest(world, incoming);
  return { bytes: exchange.body.size, effect };
}

async function serveSts(parts: ServerParts, connection: Connection, target: Target): Promise<void> {
  const body = await readWhole(connection.message);
  const entry = openEntry(parts, target, stsAction(body));
  const passage: Passage = {
    connection,
    entry,
    prepare: async () => ({
      bytes: body.length,
      effect: () => answerSts(parts.world, { target, body }),
    }),
    bucket: null,
    uploadId: null,
    late: parts.late,
  };
  await passOrRefuse(parts, passage, (refusal) => ({
    status: refusal.code === 'ExpiredToken' ? 403 : refusal.status,
    headers: { 'content-type': 'text/xml' },
    body: stsError(refusal),
  }));
}

async function passOrRefuse(
  parts: ServerParts,
  passage: Passage,
  refuse: (refusal: Refusal) => Answer,
): Promise<void> {
  try {
    await pass(passage, parts.intercept(passage.entry));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A client that still sends takes an early answer for a lost connection.
    await drainBody(passage.connection.message);
    passage.entry.code = error.code;
    await answer(passage, refuse(error));
  }
}

function openEntry(parts: ServerParts, target: Target, operation: string): LogEntry {
  const { headers } = target;
  const declared = headers['x-amz-decoded-content-length'] ?? headers['content-length'];
  return parts.log.open({
    operation,
    bucket: target.bucket,
    key: target.key,
    query: Object.fromEntries(target.query),
    headers,
    bytes: Number(declared ?? 0),
    accessKeyId: claimedAccessKeyId(target),
  });
}
