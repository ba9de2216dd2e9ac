import type { Attachments } from './attachments.js';
import type { BigAnswers } from './big-answers.js';
import type { AnswerFaults } from './faults.js';
import { faultAnswer, reset, rewritten, send, sendFaulty } from './send.js';
import type { Connection } from './send.js';
import type { RequestLog } from './request-log.js';

export interface StorageHandlerOptions {
  readonly now: () => Date;
  readonly bigAnswers: BigAnswers;
  readonly attachments: Attachments;
  readonly faults: AnswerFaults;
  readonly requests: RequestLog;
}

const ATTACHMENTS = '/attachments/';

/** Serves the objects behind signed URLs: answers too big for the API, and attachments, with faults if planned. */
export async function serveStorage(
  connection: Connection,
  options: StorageHandlerOptions,
): Promise<void> {
  const { request, response } = connection;
  const url = new URL(request.url ?? '/', 'http://storage');
  response.setHeader('Date', options.now().toUTCString());
  const asked = { url, authorization: request.headers.authorization };
  if (!url.pathname.startsWith(ATTACHMENTS)) {
    send(connection, options.bigAnswers.fetch(asked));
    return;
  }
  const record = options.requests.begin(request, url.pathname);
  await options.faults.pass(url.pathname);
  const fault = options.faults.take(url.pathname);
  if (fault?.kind === 'reset') {
    record.end(0);
    reset(connection);
    return;
  }
  const planned = fault === null ? null : faultAnswer(fault, url.pathname);
  const real = planned ?? options.attachments.fetch(asked);
  const answer = fault?.kind === 'rewrite' ? rewritten(real, fault.rewrite) : real;
  record.end(fault?.kind === 'lost-answer' ? 0 : answer.status);
  if (fault === null) send(connection, answer);
  else sendFaulty(connection, answer, fault);
}
