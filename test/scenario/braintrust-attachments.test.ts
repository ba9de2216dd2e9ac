import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  braintrustAttachments,
  braintrustClient,
  type BraintrustAttachmentsOptions,
} from '../../src/entries/braintrust.js';
import { manualClock } from '../../src/entries/testing.js';
import type { AttachmentAnswer, ExportEvent, Row } from '../../src/interfaces/index.js';
import {
  reply,
  startScriptedServer,
  type Reply,
  type ScriptedServer,
} from '../support/scripted-server.js';

const KEY = 'b7a1f0aa-image';
const REFERENCE = {
  type: 'braintrust_attachment',
  filename: 'a picture.png',
  content_type: 'image/png',
  key: KEY,
};
const EXTERNAL = {
  type: 'external_attachment',
  filename: 'x.txt',
  content_type: 'text/plain',
  url: 's3://bucket/x.txt',
};
const CONTENT = Buffer.from([0, 1, 2, 255]);

let api: ScriptedServer;
let storage: ScriptedServer;
let events: ExportEvent[] = [];

beforeEach(async () => {
  [api, storage] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  api.script(link());
  storage.script(reply(200, CONTENT));
  events = [];
});
afterEach(async () => {
  await Promise.all([api.close(), storage.close()]);
});

/** An answer that leads to the storage. */
function link(status = 'done', path = '/signed?token=secret'): Reply {
  const downloadUrl = storage.url + path;
  return (response) =>
    response.end(JSON.stringify({ downloadUrl, status: { upload_status: status } }));
}

async function fetchIt(
  reference: Row = REFERENCE,
  options: Partial<BraintrustAttachmentsOptions> & {
    readonly maxBytes?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<AttachmentAnswer> {
  const { maxBytes = 1_000, signal, ...rest } = options;
  const runtime = manualClock({ autoAdvance: true });
  const client = braintrustClient({ apiKey: 'sk-secret', apiUrl: api.url, runtime });
  const fetcher = braintrustAttachments({ client, runtime, ...rest });
  const read = fetcher.read(reference);
  if (read === null) throw new Error('It is no reference.');
  const observer = (event: ExportEvent): void => void events.push(event);
  return await fetcher.fetch(read, { maxBytes, signal, observer });
}

describe('an attachment of Braintrust', () => {
  it('is read from the link that the service gives, and the key goes to the service only', async () => {
    expect(await fetchIt()).toEqual({ content: CONTENT });
    const asked = new URL(api.received[0]!.url, api.url);
    expect(asked.pathname).toBe('/attachment');
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      key: KEY,
      filename: 'a picture.png',
      content_type: 'image/png',
    });
    expect(api.received[0]?.headers.authorization).toBe('Bearer sk-secret');
    expect(storage.received[0]).toMatchObject({ method: 'GET', url: '/signed?token=secret' });
    expect(storage.received[0]?.headers.authorization).toBeUndefined();
    const told = events.map((event) => event.type === 'request' && [event.operation, event.bytes]);
    expect(told).toContainEqual(['attachment', CONTENT.length]);
  });

  it('names the organization when that is given', async () => {
    await fetchIt(REFERENCE, { organizationId: 'org-1' });
    expect(api.received[0]?.url).toContain('org_id=org-1');
  });

  it('keeps its bytes, also those of a compressed file', async () => {
    const content = gzipSync('text');
    storage.script(reply(200, content));
    expect(await fetchIt()).toEqual({ content });
  });

  it.each([
    ['uploading', 'not-uploaded'],
    ['error', 'missing'],
  ])('whose upload is "%s" is %s', async (status, problem) => {
    api.script(link(status));
    expect(await fetchIt()).toEqual({ problem });
    expect(storage.received).toEqual([]);
  });

  it.each([404, 403, 400])('that the service answers %s for is missing', async (status) => {
    api.script(reply(status, '{"error":"no"}'));
    expect(await fetchIt()).toEqual({ problem: 'missing' });
  });

  it.each([404, 410])('that the storage answers %s for is missing', async (status) => {
    storage.script(reply(status));
    expect(await fetchIt()).toEqual({ problem: 'missing' });
  });

  it.each([
    ['said before', reply(200, Buffer.alloc(1_001))],
    ['found while reading', (response) => response.writeHead(200).end(Buffer.alloc(1_001))],
  ] satisfies readonly (readonly [string, Reply])[])(
    'over the limit is too large, %s',
    async (_how, answer) => {
      storage.script(answer);
      expect(await fetchIt()).toEqual({ problem: 'too-large' });
    },
  );

  it.each([
    ['a link that is over', reply(403)],
    ['an error of the storage', reply(503)],
    ['a connection that breaks', (response) => void response.destroy()],
    [
      'half of the file',
      (response) => {
        response.writeHead(200, { 'content-length': '4' });
        response.write(CONTENT.subarray(0, 2), () => response.destroy());
      },
    ],
  ] satisfies readonly (readonly [string, Reply])[])(
    'is read again with a new link after %s',
    async (_what, answer) => {
      storage.script(answer, reply(200, CONTENT));
      expect(await fetchIt()).toEqual({ content: CONTENT });
      expect(api.received).toHaveLength(2);
    },
  );

  it('is given up after some attempts, without a word of the link', async () => {
    storage.script(reply(503));
    const given = fetchIt();
    await expect(given).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    await expect(given).rejects.toThrow(/HTTP 503/);
    await expect(given).rejects.not.toThrow(/token|127\.0/);
    expect(storage.received).toHaveLength(4);
  });

  it.each(['{}', '{"downloadUrl":"s3://x"}', '{"downloadUrl":"file:///etc/passwd"}', 'null'])(
    'is unavailable when the answer has no usable link: %s',
    async (body) => {
      api.script(reply(200, body));
      expect(await fetchIt()).toEqual({ problem: 'unavailable' });
    },
  );

  it('is unavailable when the link leads to something that is no URL of the web', async () => {
    storage.script(reply(302, '', { location: 'file:///etc/passwd' }));
    expect(await fetchIt()).toEqual({ problem: 'unavailable' });
  });

  it('ends with the error when the key is refused', async () => {
    api.script(reply(401));
    await expect(fetchIt()).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' });
  });

  it('rejects with the reason of an abort, also in the middle of a download', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    storage.script((response) => {
      response.writeHead(200);
      response.write(CONTENT, () => abort.abort(reason));
    });
    await expect(fetchIt(REFERENCE, { signal: abort.signal })).rejects.toBe(reason);
  });
});

describe('an external attachment', () => {
  const client = () => braintrustClient({ apiKey: 'sk-secret', apiUrl: api.url });

  it('is none of our business unless it is allowed', () => {
    expect(braintrustAttachments({ client: client() }).read(EXTERNAL)).toBeNull();
    const read = braintrustAttachments({ client: client(), external: true }).read(EXTERNAL);
    expect(read).toMatchObject({ id: EXTERNAL.url, contentType: 'text/plain', isImmutable: false });
  });

  it('is read through the service when it is', async () => {
    expect(await fetchIt(EXTERNAL, { external: true })).toEqual({ content: CONTENT });
    expect(new URL(api.received[0]!.url, api.url).searchParams.get('url')).toBe(EXTERNAL.url);
  });
});

describe('what is no reference', () => {
  it.each([
    { ...REFERENCE, key: '' },
    { ...REFERENCE, key: 7 },
    { ...REFERENCE, type: 'attachment' },
    {},
  ])('%j is not read as one', (value) => {
    const client = braintrustClient({ apiKey: 'sk-secret', apiUrl: api.url });
    expect(braintrustAttachments({ client }).read(value)).toBeNull();
  });

  it('needs no name and no type', () => {
    const client = braintrustClient({ apiKey: 'sk-secret', apiUrl: api.url });
    const read = braintrustAttachments({ client }).read({
      type: 'braintrust_attachment',
      key: 'k',
    });
    expect(read).toMatchObject({ id: 'k', contentType: null, isImmutable: true });
  });
});
