import { initLogger, login } from 'braintrust';

import type { DataPlane } from 'tracehaul/testing';

const QUESTIONS = [
  'Where is my order?',
  'How do I reset my password?',
  'Can I change the delivery address?',
  'Wie storniere ich mein Abo? 🙂',
];
const REQUESTS = 24;

export interface Traced {
  readonly requests: number;
  readonly spans: number;
  readonly rootIds: readonly string[];
}

/** A small application under the official SDK: each request is a trace of three nested spans. */
export async function traceApplication(plane: DataPlane, projectName: string): Promise<Traced> {
  await login({ appUrl: plane.appUrl, apiKey: plane.apiKey, forceLogin: true });
  const logger = initLogger({ projectName, asyncFlush: true });
  const rootIds: string[] = [];
  for (let request = 0; request < REQUESTS; request += 1) {
    const question = QUESTIONS[request % QUESTIONS.length] ?? '';
    logger.traced(
      (root) => {
        root.log({ input: { question }, metadata: { tier: request % 3 === 0 ? 'gold' : 'basic' } });
        const documents = root.traced(
          (span) => {
            span.log({ input: question, output: ['faq-12', 'faq-7'] });
            return 2;
          },
          { name: 'retrieve', type: 'tool' },
        );
        root.traced(
          (span) => {
            const output = `Answer ${request} from ${documents} documents.`;
            span.log({
              input: [{ role: 'user', content: question }],
              output,
              metrics: { tokens: 40 + request },
            });
            root.log({ output });
          },
          { name: 'answer', type: 'llm' },
        );
        rootIds.push(root.id);
      },
      { name: 'request', type: 'task' },
    );
  }
  await logger.flush();
  return { requests: REQUESTS, spans: REQUESTS * 3, rootIds };
}

/** Scores given later by a reviewer: new versions of rows that were exported before. */
export async function giveFeedback(
  plane: DataPlane,
  projectName: string,
  rootIds: readonly string[],
): Promise<number> {
  await login({ appUrl: plane.appUrl, apiKey: plane.apiKey });
  const logger = initLogger({ projectName, asyncFlush: true });
  for (const [index, id] of rootIds.entries())
    logger.logFeedback({ id, scores: { helpful: index % 2 } });
  await logger.flush();
  return rootIds.length;
}
