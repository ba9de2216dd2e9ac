import { describe, expect, it, onTestFinished } from 'vitest';

import { braintrustAttachments } from '../../src/entries/braintrust.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { memoryCursorStore, memorySink } from '../../src/entries/testing.js';
import { createExporter, type Row } from '../../src/index.js';
import { exportedRows, fileKeys, keyOfContent } from '../support/attached-files.js';
import { plainKeys } from '../support/plain-keys.js';
import { startWorld } from '../support/spans.js';

describe('attachments of logs', () => {
  it('are exported with them, and updates of the rows fetch nothing again', async () => {
    const world = await startWorld();
    onTestFinished(() => world.plane.close());
    const { plane, client } = world;
    const projectId = plane.createProject('with files').id;
    const picture = plane.putAttachment({
      content: 'picture',
      filename: 'größe 1.png',
      contentType: 'image/png',
    });
    const late = plane.putAttachment({ content: 'late', uploadStatus: 'uploading' });
    const stranger = plane.putAttachment({ content: 'x', url: 'https://files.example/x' });
    const input = [{ role: 'user', content: [{ deep: picture }, late] }];
    plane.insert('project_logs', projectId, [
      { id: 'one', input, output: picture, expected: stranger },
    ]);
    world.pass(600);
    const sink = memorySink();
    const exporter = createExporter({
      id: 'files',
      source: world.source({ projectId }),
      encoder: jsonlEncoder({ compression: 'none' }),
      sink,
      keys: plainKeys(),
      cursorStore: memoryCursorStore(),
      attachments: { fetcher: braintrustAttachments({ client }) },
    });
    const first = await exporter.run();
    expect(first.attachments).toEqual({ copied: 1, copiedBytes: 7, failed: 1 });
    plane.insert('project_logs', projectId, [{ id: 'one', tags: ['seen'], _is_merge: true }]);
    world.pass(600);
    const second = await exporter.run();
    expect(second).toMatchObject({ rows: 1, attachments: { copied: 0, failed: 1 } });
    expect(fileKeys(sink)).toEqual([keyOfContent('picture')]);
    const key = keyOfContent('picture');
    const copy = { key, sha256: key.slice(-64), bytes: 7 };
    for (const row of exportedRows(sink)) {
      expect(row['output']).toEqual({ ...picture, tracehaul: copy });
      expect(row['expected']).toEqual(stranger);
      const [message] = row['input'] as Row[];
      expect(message?.['content']).toEqual([
        { deep: { ...picture, tracehaul: copy } },
        { ...late, tracehaul: { error: 'not-uploaded' } },
      ]);
    }
    expect(exportedRows(sink)).toHaveLength(2);
  });
});
