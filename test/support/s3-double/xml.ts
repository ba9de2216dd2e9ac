import { XMLParser, XMLValidator } from 'fast-xml-parser';

import { Refusal } from './refusal.js';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const LISTS: ReadonlySet<string> = new Set(['Part', 'Object']);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** One element with text in it. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeText(String(text))}</${name}>`;
}

/** One element with text in it, or nothing when there is none. */
export function optionalElement(name: string, text: string | null | undefined): string {
  return text === null || text === undefined ? '' : element(name, text);
}

/** One element with elements in it. */
export function group(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** A whole answer of S3. */
export function xmlDocument(root: string, children: readonly string[]): string {
  return `${declaration()}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`;
}

/** The body of an S3 error. Errors have no namespace. */
export function errorDocument(
  error: { readonly code: string; readonly message: string },
  fields: Readonly<Record<string, string>>,
): string {
  const more = Object.entries(fields).map(([name, text]) => element(name, text));
  return (
    declaration() +
    group('Error', [element('Code', error.code), element('Message', error.message), ...more])
  );
}

/** The first line of every XML answer. */
export function declaration(): string {
  return '<?xml version="1.0" encoding="UTF-8"?>\n';
}

function escapeText(text: string): string {
  // Control characters go as references, as S3 sends them although XML 1.0 has no place for most.
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => {
    return ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
  });
}

/** An element that was read: its children by name. `Part` and `Object` are always lists. */
export type XmlElement = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => LISTS.has(name),
});

/** Reads a request's XML. Refuses everything but one well-formed element of that name. */
export function readXml(bytes: Buffer, root: string): XmlElement {
  const text = bytes.toString('utf8');
  if (XMLValidator.validate(text) !== true) throw malformedXml();
  const content = (parser.parse(text) as XmlElement)[root];
  if (typeof content === 'object' && content !== null) return content as XmlElement;
  throw malformedXml();
}

/** The text of a child element, or null. */
export function childText(parent: XmlElement, name: string): string | null {
  const child = parent[name];
  return typeof child === 'string' ? child : null;
}

/** The children that form a list. */
export function childList(parent: XmlElement, name: string): readonly XmlElement[] {
  const children = parent[name];
  return Array.isArray(children) ? (children as XmlElement[]) : [];
}

export function malformedXml(): Refusal {
  return new Refusal(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
