import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { PROJECT_ROOT } from './packed-package.js';

/** A fenced block of a document. */
export interface CodeBlock {
  /** Path of the document below the project's root. */
  readonly document: string;
  /** Line of its first line of code, counted from 1. */
  readonly line: number;
  /** First word behind the fence, such as `ts`. */
  readonly language: string;
  /** The words after it, such as `no-run`. */
  readonly words: readonly string[];
  readonly code: string;
}

/** A Markdown file of the project. */
export interface Document {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  /** What can follow `#` in a link to it. */
  readonly anchors: ReadonlySet<string>;
}

/** A link to another place of the project. */
export interface LocalLink {
  readonly document: string;
  readonly target: string;
}

/** The documents that users read: the read-me, the changelog and everything below `docs`. */
export async function readDocuments(): Promise<readonly Document[]> {
  const found = await readdir(join(PROJECT_ROOT, 'docs'), { recursive: true });
  const below = found.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  const paths = ['README.md', 'CHANGELOG.md', ...below.sort()];
  return await Promise.all(paths.map(readDocument));
}

export async function readDocument(path: string): Promise<Document> {
  const text = await readFile(join(PROJECT_ROOT, path), 'utf8');
  const blocks = blocksOf(path, text);
  return { path, text, blocks, anchors: anchorsOf(withoutBlocks(text)) };
}

const FENCE = /^( *)```+(.*)$/;

function blocksOf(document: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; info: string[]; code: string[]; indent: number } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (fence === null) {
      open?.code.push(line.slice(open.indent));
    } else if (open === null) {
      const info = (fence[2] ?? '').trim().split(/\s+/);
      open = { line: index + 2, info, code: [], indent: fence[1]?.length ?? 0 };
    } else {
      const [language = '', ...words] = open.info;
      blocks.push({ document, line: open.line, language, words, code: open.code.join('\n') });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${document}:${open.line}: the block has no end`);
  return blocks;
}

function withoutBlocks(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^ *```+$/gm, '');
}

function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} +(.+)$/gm)].map((match) => match[1] ?? '');
  return new Set(headings.map(anchorOf));
}

/** The anchor that Markdown viewers give to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** Links of a document to files or headings of the project. */
export function localLinks({ path, text }: Document): readonly LocalLink[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ document: path, target }));
}

/** The file below the project's root, and the heading in it, that a link names. */
export function resolveLink({ document, target }: LocalLink): { path: string; anchor: string } {
  const [file = '', anchor = ''] = target.split('#');
  const from = join(PROJECT_ROOT, dirname(document));
  const path = file === '' ? document : relative(PROJECT_ROOT, resolve(from, file));
  return { path, anchor };
}

/** First cells of the rows of all tables under a heading, if in backticks and without them. */
export function tableNames(document: Document, heading: string): readonly string[] {
  return tableRows(document, heading).flatMap(([name = '']) => /^`([^`]+)`/.exec(name)?.[1] ?? []);
}

/** The rows of all tables under a heading, as far as the next one of its level, as cells. */
export function tableRows(document: Document, heading: string): readonly (readonly string[])[] {
  const lines = document.text.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new Error(`${basename(document.path)} has no heading "${heading}"`);
  const level = /^#+/.exec(heading)?.[0] ?? '';
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith(`${level} `));
  const section = end === -1 ? rest : rest.slice(0, end);
  return section
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}
