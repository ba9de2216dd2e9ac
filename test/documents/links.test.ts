import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { anchorOf, localLinks, readDocuments, resolveLink } from '../support/documents.js';
import { PROJECT_ROOT } from '../support/packed-package.js';

const documents = await readDocuments();
const links = documents.flatMap(localLinks);

function isBroken(link: (typeof links)[number]): boolean {
  const { path, anchor } = resolveLink(link);
  if (!existsSync(join(PROJECT_ROOT, path))) return true;
  if (anchor === '') return false;
  return documents.find((document) => document.path === path)?.anchors.has(anchor) !== true;
}

describe('links of the documents', () => {
  it('lead to files and headings that exist', () => {
    expect(links.length).toBeGreaterThan(40);
    const broken = links.filter(isBroken).map((link) => `${link.document}: ${link.target}`);
    expect(broken).toEqual([]);
  });

  it('would be caught if they led nowhere', () => {
    const document = 'docs/guarantees.md';
    expect(isBroken({ document, target: 'nowhere.md' })).toBe(true);
    expect(isBroken({ document, target: '#nowhere' })).toBe(true);
    expect(isBroken({ document, target: '../README.md#adapters' })).toBe(false);
  });

  it('reach every document from the read-me, over one or more steps', () => {
    const reached = new Set(['README.md']);
    for (const path of reached)
      for (const link of links) if (link.document === path) reached.add(resolveLink(link).path);
    expect(documents.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it('take the anchors that Markdown viewers make', () => {
    expect(anchorOf('What is not promised')).toBe('what-is-not-promised');
    expect(anchorOf('`fileSink(options)`')).toBe('filesinkoptions');
  });
});
