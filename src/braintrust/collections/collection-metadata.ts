import { createHash } from 'node:crypto';

import { SourceError } from '../../errors/index.js';
import type { Cursor, Page, ReadOptions, Row, Source } from '../../interfaces/index.js';
import { cursorError, damaged, list, text } from '../records/cursor-values.js';
import { readPins } from '../records/records-cursor.js';
import type { Pins } from '../records/object-scope.js';
import type { CollectionSettings } from './collection-options.js';
import { canonicalText } from './canonical-text.js';
import { findCollections } from './find-collections.js';
import type { FoundCollections } from './find-collections.js';

const VERSION = 1;
const DIGEST_CHARACTERS = 8;
/** Hexadecimal characters of a content's digest in its `_version`. */
const CONTENT_CHARACTERS = 16;

/** Which contents were given, and what names stand for. */
interface MetadataState {
  readonly given: ReadonlySet<string>;
  readonly pins: Pins;
}

interface MetadataRow {
  readonly row: Row;
  /** 48 bits of the object and its content. */
  readonly digest: string;
}

/**
 * Experiments or datasets themselves: one row for each as the service lists it, again once anything of it has
 * changed. The service gives these no transaction: `_version` is the second of the listing and a digest of the
 * content, so that the highest one of an id is the latest.
 */
export function collectionMetadata(settings: Readonly<CollectionSettings>): Source {
  const { kind, client } = settings;
  const name = `${kind.noun}-metadata`;
  return Object.freeze<Source>({
    name: `braintrust-${name}`,
    identity: { apiUrl: client.apiUrl },
    rowIdentity: { object: 'project_id', id: 'id', version: '_version', created: 'created' },
    read: (options) => readMetadata(settings, name, options),
    // What was there at a time is not known any more: all is given as it is now.
    cursorAt: (_date, left = null) =>
      encodeState(name, { given: new Set(), pins: decodeState(name, left).pins }),
  });
}

async function* readMetadata(
  settings: Readonly<CollectionSettings>,
  name: string,
  { cursor, pageSize, signal, observer }: ReadOptions,
): AsyncGenerator<Page> {
  signal?.throwIfAborted();
  const { given, pins } = decodeState(name, cursor);
  const found = await findCollections({ settings, pins, operation: { signal, observer } });
  const all = rowsOf(found);
  const fresh = all.filter(({ digest }) => !given.has(digest));
  const kept = all.map(({ digest }) => digest).filter((digest) => given.has(digest));
  const cursorAfter = (count: number): Cursor => {
    const digests = [...kept, ...fresh.slice(0, count).map(({ digest }) => digest)];
    return encodeState(name, { given: new Set(digests), pins: found.pins });
  };
  for (let from = 0; from < fresh.length; from += pageSize) {
    signal?.throwIfAborted();
    const rows = fresh.slice(from, from + pageSize).map(({ row }) => row);
    const end = from + rows.length;
    yield {
      rows,
      cursor: cursorAfter(end),
      cursorAfter: (index) => cursorAfter(from + index + 1),
      watermark: end === fresh.length ? (found.planeNow ?? undefined) : undefined,
    };
  }
}

function rowsOf({ objects, planeNow }: FoundCollections): readonly MetadataRow[] {
  if (planeNow === null) throw noClockError();
  const listed = planeNow.toISOString().replace(/[-:]|\.\d+/gu, '');
  return objects.map(({ id, members }) => {
    const content = canonicalText(members);
    const version = `${listed}-${sha256(content, 'hex').slice(0, CONTENT_CHARACTERS)}`;
    return {
      row: { ...members, _version: version },
      digest: sha256(JSON.stringify([id, content]), 'base64url').slice(0, DIGEST_CHARACTERS),
    };
  });
}

function encodeState(name: string, { given, pins }: MetadataState): Cursor {
  const digests = [...given].sort().join('');
  return JSON.stringify({ [name]: VERSION, given: digests, pins: [...pins] });
}

function decodeState(name: string, cursor: Cursor | null): MetadataState {
  if (cursor === null) return { given: new Set(), pins: new Map() };
  const members = parse(cursor);
  if (members[name] !== VERSION) throw cursorError('belongs to another kind of source');
  const given = text(members['given']);
  if (!/^(?:[\w-]{8})*$/u.test(given)) throw damaged();
  return { given: new Set(given.match(/.{8}/gu) ?? []), pins: readPins(list(members['pins'])) };
}

function parse(cursor: Cursor): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw cursorError('is not a cursor of metadata');
}

function sha256(content: string, form: 'hex' | 'base64url'): string {
  return createHash('sha256').update(content).digest(form);
}

function noClockError(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'The list has no usable `Date` header.', {
    remedy: 'Let what stands before the data plane, or your own `fetch`, pass it on.',
  });
}
