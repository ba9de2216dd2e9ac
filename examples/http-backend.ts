/**
 * An export inside a backend: routes to run it, to pause it and to ask how it stands. The run goes on after the answer;
 * SIGTERM ends it politely. Put your own authorisation in front.
 *
 *   POST /export/run      202, or 409 while one is under way here
 *   POST /export/pause    204
 *   POST /export/resume   204
 *   GET  /export          200 with the status
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region; PORT (3000).
 * Command: npx tsx examples/http-backend.ts
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createExporter, datePartitionedKeys, isExportError } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const exporter = createExporter({
  id: 'spans',
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/spans' }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
});

let running: Promise<void> | null = null;

/** Runs in the background: what it did is in the status and its history. */
async function runInBackground(): Promise<void> {
  try {
    const { rows, stopReason } = await exporter.run({ maxDurationMs: 10 * 60_000 });
    console.log(`${rows} rows, ${stopReason}`);
  } catch (error) {
    console.error(isExportError(error) ? `${error.code}: ${error.message}` : error);
  } finally {
    running = null;
  }
}

function startRun(): number {
  if (running !== null) return 409;
  running = runInBackground();
  return 202;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${request.url}`;
  if (route === 'GET /export') {
    const status = await exporter.status();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
  } else if (route === 'POST /export/run') {
    response.writeHead(startRun()).end();
  } else if (route === 'POST /export/pause') {
    await exporter.pause();
    response.writeHead(204).end();
  } else if (route === 'POST /export/resume') {
    await exporter.resume();
    response.writeHead(204).end();
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/export`);
});

process.once('SIGTERM', () => {
  server.close();
  void exporter.close();
});
