import { join } from 'node:path';

import ts from 'typescript';

import { projectOptions } from './document-programs.js';
import { PROJECT_ROOT } from './packed-package.js';

/** What the types of the project say, for comparing documents with them. */
export interface ExportedTypes {
  /** Names of the members of an interface, inherited ones included. */
  members(name: string): readonly string[];
  /** What `@defaultValue` says of the members of an interface, by name; members without it are left out. */
  defaults(name: string): ReadonlyMap<string, string>;
  /** The texts of a union of texts. */
  texts(name: string): readonly string[];
  /** For a union of interfaces with a `type`: the other members of each, by its `type`. */
  variants(name: string): ReadonlyMap<string, readonly string[]>;
}

/** Reads the types that the entries of the package export. */
export function readExportedTypes(): ExportedTypes {
  const subpaths = ['braintrust', 'csv', 'fs', 'json', 'jsonl', 'parquet', 's3', 'testing'];
  const entries = ['index', ...subpaths.map((subpath) => `entries/${subpath}`)];
  const paths = entries.map((entry) => join(PROJECT_ROOT, 'src', `${entry}.ts`));
  const program = ts.createProgram(paths, projectOptions());
  const checker = program.getTypeChecker();
  const exported = new Map<string, ts.Symbol>();
  for (const path of paths) {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${path} is no module`);
    for (const symbol of checker.getExportsOfModule(module)) exported.set(symbol.name, symbol);
  }
  const typeOf = (name: string): ts.Type => {
    const symbol = exported.get(name);
    if (symbol === undefined) throw new Error(`nothing exports "${name}"`);
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return checker.getDeclaredTypeOfSymbol(isAlias ? checker.getAliasedSymbol(symbol) : symbol);
  };
  const membersOf = (type: ts.Type): string[] =>
    checker.getPropertiesOfType(type).map((property) => property.name);
  const parts = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types : [type]);
  return {
    members: (name) => membersOf(typeOf(name)),
    defaults: (name) =>
      new Map(
        checker.getPropertiesOfType(typeOf(name)).flatMap((each) => defaultOf(each, checker)),
      ),
    texts: (name) =>
      parts(typeOf(name)).flatMap((part) => (part.isStringLiteral() ? part.value : [])),
    variants: (name) => new Map(parts(typeOf(name)).map((part) => variantOf(part, checker))),
  };
}

function defaultOf(member: ts.Symbol, checker: ts.TypeChecker): (readonly [string, string])[] {
  const tag = member.getJsDocTags(checker).find(({ name }) => name === 'defaultValue');
  return tag === undefined ? [] : [[member.name, ts.displayPartsToString(tag.text)]];
}

function variantOf(part: ts.Type, checker: ts.TypeChecker): readonly [string, readonly string[]] {
  const properties = checker.getPropertiesOfType(part);
  const tag = properties.find((property) => property.name === 'type');
  const type = tag && checker.getTypeOfSymbol(tag);
  if (type?.isStringLiteral() !== true) throw new Error('a variant lacks its `type`');
  return [type.value, properties.map(({ name }) => name).filter((name) => name !== 'type')];
}
