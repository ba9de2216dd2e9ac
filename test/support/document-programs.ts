import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import ts from 'typescript';

import type { CodeBlock, Document } from './documents.js';
import { PROJECT_ROOT } from './packed-package.js';

/** A block of TypeScript as a file of its own. */
export interface BlockFile {
  readonly block: CodeBlock;
  readonly path: string;
}

const WORDS = /^(?:no-run|continues|after-export|file=[a-z-]+\.ts)$/;

/**
 * Writes every block of TypeScript of the documents as a file, each at the lines that it has in its document, so that
 * problems are told by the document's lines. A block with the word `file=NAME` has that name, and the other
 * blocks of its document can import it; one with the word `continues` goes on where the block before it ended.
 */
export async function writeBlockFiles(
  documents: readonly Document[],
  folder: string,
): Promise<readonly BlockFile[]> {
  const files: BlockFile[] = [];
  for (const { blocks } of documents) {
    let text = '';
    for (const block of blocks.filter(({ language }) => language === 'ts')) {
      if (!block.words.includes('continues')) text = '';
      text = `${text.padEnd(text.length + block.line - 1 - lineFeeds(text), '\n')}${block.code}\n`;
      const path = join(folder, nameOf(block));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, /^(?:import|export) /m.test(text) ? text : `${text}export {};\n`);
      files.push({ block, path });
    }
  }
  return files;
}

function lineFeeds(text: string): number {
  return text.split('\n').length - 1;
}

function nameOf({ document, line, words }: CodeBlock): string {
  const unknown = words.filter((word) => !WORDS.test(word));
  if (unknown.length > 0) throw new Error(`${document}:${line}: unknown word "${unknown[0]}"`);
  const named = words.find((word) => word.startsWith('file='))?.slice('file='.length);
  return join(document.replace(/\.md$/, ''), named ?? `line-${line}.ts`);
}

/** Compiles files in one go as the project itself is compiled; answers `file(line,column): problem` for each problem. */
export function compileFiles(paths: readonly string[]): readonly string[] {
  const options: ts.CompilerOptions = {
    ...projectOptions(),
    // Examples define things only to show them, and are no library.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  };
  const program = ts.createProgram([...paths], options);
  // Only of these files: those that they import are the project's, which is compiled elsewhere.
  const ofFiles = paths.flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  const ofAll = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  return [...ofAll, ...ofFiles].map(describeProblem);
}

/** The compiler's options of the project. */
export function projectOptions(): ts.CompilerOptions {
  const path = join(PROJECT_ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: object };
  return ts.parseJsonConfigFileContent(config, ts.sys, PROJECT_ROOT, undefined, path).options;
}

function describeProblem({ file, start, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined || start === undefined) return text;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return `${relative(PROJECT_ROOT, file.fileName)}(${line + 1},${character + 1}): ${text}`;
}
