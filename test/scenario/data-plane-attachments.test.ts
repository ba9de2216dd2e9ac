import { afterEach, beforeEach, expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { AttachmentReference, DataPlane, NewAttachment } from 'tracehaul/testing';

import { ask, getFrom } from '../support/plane-client.js';

const clock = manualClock({ now: new Date('2026-03-01T12:00:00Z') });
const CONTENT = Uint8Array.from({ length: 3000 }, (_, index) => index % 256);
let plane: DataPlane;

beforeEach(async () => {
  plane = await startDataPlane({ clock });
});
afterEach(() => plane.close());

function keyOf(reference: AttachmentReference): string {
  if (reference.type === 'braintrust_attachment') return reference.key;
  throw new Error('An external attachment has no key.');
}

const put = (attachment: Partial<NewAttachment> = {}): string =>
  keyOf(plane.putAttachment({ content: CONTENT, contentType: 'image/png', ...attachment }));

interface Described {
  readonly downloadUrl: string;
  readonly status: { readonly upload_status: string; readonly error_message?: string };
}

async function describeAttachment(query: string): Promise<Described> {
  const { status, text } = await getFrom(plane, `/attachment?${query}`);
  expect(status).toBe(200);
  return JSON.parse(text) as Described;
}

const urlOf = async (key: string): Promise<string> =>
  (await describeAttachment(`key=${key}`)).downloadUrl;

it('an attachment stands in a row, and its bytes are on another origin, which refuses a key', async () => {
  const reference = plane.putAttachment({
    content: CONTENT,
    filename: 'a.png',
    contentType: 'image/png',
  });
  const { id } = plane.createProject('p');
  plane.insert('project_logs', id, [{ id: 'row', input: { images: [reference] } }]);
  const { data } = (
    await ask(plane, `select: input.images[0] as file | from: project_logs('${id}')`)
  ).body;
  expect(data).toEqual([{ file: reference }]);
  const key = keyOf(reference);
  const query = `key=${key}&filename=a.png&content_type=image%2Fpng&org_id=${plane.organization.id}`;
  const { downloadUrl, status } = await describeAttachment(query);
  expect(status).toEqual({ upload_status: 'done' });
  expect(new URL(downloadUrl).origin).not.toBe(plane.url);
  const answer = await fetch(downloadUrl);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('content-length')).toBe('3000');
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(CONTENT);
  const leaking = await fetch(downloadUrl, { headers: { authorization: 'Bearer leaked' } });
  expect(leaking.status).toBe(400);
  expect(plane.requests.count({ path: `/attachments/${key}`, status: 200 })).toBe(1);
});

it('its URL opens by signature, and for an hour', async () => {
  const downloadUrl = await urlOf(put());
  expect((await fetch(downloadUrl.replace(/.$/u, '!'))).status).toBe(403);
  await clock.advance(3_600_000);
  expect((await fetch(downloadUrl)).status).toBe(403);
});

it('an external one goes by its URL', async () => {
  const url = 's3://bucket/a b.txt';
  const reference = plane.putAttachment({ content: 'text', url });
  expect(reference).toMatchObject({ type: 'external_attachment', url });
  const { downloadUrl } = await describeAttachment(`url=${encodeURIComponent(url)}`);
  expect(await (await fetch(downloadUrl)).text()).toBe('text');
});

it('one that nobody has put, or of another organization, is 404', async () => {
  const key = put();
  for (const query of ['key=nobody', `key=${key}&org_id=another`])
    expect((await getFrom(plane, `/attachment?${query}`)).status).toBe(404);
  expect((await getFrom(plane, '/attachment')).status).toBe(400);
  expect((await getFrom(plane, `/attachment?key=${key}&surprise=1`)).status).toBe(501);
  expect((await getFrom(plane, `/attachment?key=${key}`, 'sk-wrong')).status).toBe(401);
});

it.each([
  ['uploading', undefined],
  ['error', 'the upload was cut off'],
] as const)('one whose upload is at %s says so, and is not there', async (uploadStatus, text) => {
  const key = put({ uploadStatus, ...(text === undefined ? {} : { errorMessage: text }) });
  const { downloadUrl, status } = await describeAttachment(`key=${key}`);
  expect(status.upload_status).toBe(uploadStatus);
  expect(status.error_message).toBe(text);
  expect((await fetch(downloadUrl)).status).toBe(404);
});

it('faults are planned on the path of its bytes', async () => {
  const key = put();
  const path = `/attachments/${key}`;
  const downloadUrl = await urlOf(key);
  plane.control.fail({ kind: 'status', status: 503, retryAfterSeconds: 7 }, { path });
  const busy = await fetch(downloadUrl);
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '7']);
  plane.control.fail({ kind: 'cut', declared: 'full' }, { path });
  await expect((await fetch(downloadUrl)).arrayBuffer()).rejects.toThrow();
  plane.control.fail({ kind: 'reset' }, { path });
  await expect(fetch(downloadUrl)).rejects.toThrow();
  plane.control.fail({ kind: 'without-length' }, { path });
  const silent = await fetch(downloadUrl);
  expect(silent.headers.get('content-length')).toBeNull();
  expect((await silent.arrayBuffer()).byteLength).toBe(3000);
  const held = plane.control.hold(path);
  const waiting = fetch(downloadUrl);
  await held.arrived;
  held.release();
  expect((await waiting).status).toBe(200);
});

it('its description can fail as any other answer', async () => {
  const key = put();
  plane.control.fail({ kind: 'status', status: 404 }, { path: '/attachment' });
  expect((await getFrom(plane, `/attachment?key=${key}`)).status).toBe(404);
  expect((await getFrom(plane, `/attachment?key=${key}`)).status).toBe(200);
});
