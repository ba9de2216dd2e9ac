import type { AttachmentReference, Row } from '../../interfaces/index.js';

/** Types of objects in rows that stand for a file. */
export const BRAINTRUST_ATTACHMENT = 'braintrust_attachment';
export const EXTERNAL_ATTACHMENT = 'external_attachment';

/** A reference, and what to ask the service for. */
export interface ServiceReference extends AttachmentReference {
  /** Parameters of the request for a link. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The reference that an object of a row is. One of Braintrust's own names its file for ever; a URL does not. */
export function readReference(value: Row, external: boolean): ServiceReference | null {
  const { type, key, url } = value;
  const contentType = textOf(value['content_type']);
  const shared = {
    ...named('filename', textOf(value['filename'])),
    ...named('content_type', contentType),
  };
  if (type === BRAINTRUST_ATTACHMENT && typeof key === 'string' && key !== '')
    return { id: key, contentType, isImmutable: true, parameters: { key, ...shared } };
  if (external && type === EXTERNAL_ATTACHMENT && typeof url === 'string' && url !== '')
    return { id: url, contentType, isImmutable: false, parameters: { url, ...shared } };
  return null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function named(name: string, value: string | null): Readonly<Record<string, string>> {
  return value === null ? {} : { [name]: value };
}
