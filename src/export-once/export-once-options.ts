import type { Writable } from 'node:stream';

import type { Transform } from '../exporter/page-work.js';
import type { StopReason } from '../exporter/results.js';
import type { Cursor, Encoder, Observer, Runtime, Sink, Source } from '../interfaces/index.js';
import { type OptionReader, kindOf, readOptions } from '../options/index.js';
import { readSignal } from '../options/read-signal.js';
import { objectKeyProblem } from '../util/object-key.js';
import { systemRuntime } from '../util/runtime.js';

const NAME_END = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const PAGE_SIZE = 1_000;
const STALL_TIMEOUT_MS = 300_000;
/** How long source and writable may take to let go of what they hold once the export has ended. */
export const CLOSE_TIMEOUT_MS: number = 10_000;
/** Parts of an upload need not grow for an object below this size. */
const MAX_BYTES = 64 * 1024 ** 3;

/** Options of {@link exportOnce}. */
export interface ExportOnceOptions {
  readonly source: Source;
  readonly encoder: Encoder;
  /** Where the object goes, prepared invisibly and made visible at the end. Either this or `writable`. */
  readonly sink?: Sink | undefined;
  /**
   * Folders and name of the object in the sink, such as `reports/scores`: its key is
   * `{name}.{time}.{nonce}{extension}`. The last segment must not be the id of an exporter of the same sink.
   * @defaultValue 'export'
   */
  readonly name?: string | undefined;
  /**
   * A stream of Node or of the web that takes the bytes, such as an HTTP response. It is ended when the export is
   * complete, and destroyed or aborted when it is not.
   */
  readonly writable?: Writable | WritableStream<Uint8Array> | undefined;
  /**
   * Most rows in the object. A row that `transform` makes into several is taken whole or not at all.
   * @defaultValue no limit
   */
  readonly limit?: number | undefined;
  /**
   * A cursor of the source to begin after, such as that of an earlier result. What the source then reads again is
   * given again.
   * @defaultValue the beginning of the source
   */
  readonly cursor?: Cursor | undefined;
  /** Changes rows on their way: gives the new row, several, or `null` to drop it. Rows are parsed only if given. */
  readonly transform?: Transform | undefined;
  /**
   * What becomes of a row that `transform` throws at or that cannot be encoded. `stop`: the export fails. `skip`: it
   * is left out, counted, and told by a `row-reject` event.
   * @defaultValue 'stop'
   */
  readonly onBadRow?: 'stop' | 'skip' | undefined;
  /** Is told how far the export is after every page. What it throws is ignored. */
  readonly onProgress?: ((progress: ExportOnceProgress) => void) | undefined;
  /** Discards what was written and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Most rows asked of the source at a time.
   * @defaultValue 1000
   */
  readonly pageSize?: number | undefined;
  /**
   * Most bytes of the object: an export that passes them fails.
   * @defaultValue 68_719_476_736 (64 GiB)
   */
  readonly maxBytes?: number | undefined;
  /**
   * How long `writable` may take no bytes, in milliseconds.
   * @defaultValue 300_000
   */
  readonly stallTimeoutMs?: number | undefined;
  /** Receives the events of source and sink. */
  readonly observer?: Observer | undefined;
  /** Time, waiting and randomness. @defaultValue those of Node */
  readonly runtime?: Runtime | undefined;
}

/** How far an export is. */
export interface ExportOnceProgress {
  /** Rows encoded. */
  readonly rows: number;
  /** Bytes that `sink` or `writable` has taken. */
  readonly bytes: number;
  readonly pages: number;
}

/** What an export made. */
export interface ExportOnceResult {
  /** Rows in the object. */
  readonly rows: number;
  /** Rows that could not be exported and were left out. */
  readonly skippedRows: number;
  /** Source rows that `transform` dropped. */
  readonly droppedRows: number;
  /** Size of the object. */
  readonly bytes: number;
  /** SHA-256 of the object, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Key of the object in the sink; `null` for a `writable`. */
  readonly key: string | null;
  /** True when the object holds everything that the source had. */
  readonly complete: boolean;
  readonly stopReason: Extract<StopReason, 'caught-up' | 'row-limit' | 'source-behind'>;
  /**
   * The place in the source behind the rows taken; before the page that was cut, when the source cannot tell a
   * place inside of it. `null` when no page was taken.
   */
  readonly cursor: Cursor | null;
  readonly durationMs: number;
  /** Values of another type than their column's, kept beside it. For formats with columns. */
  readonly mistypedValues: number;
}

/** Options with a value each. */
export interface ExportOnceSettings {
  readonly source: Source;
  readonly encoder: Encoder;
  readonly output: Output;
  /** Last segment of the name: stands for an export id in keys and events. */
  readonly exportId: string;
  readonly limit: number;
  readonly cursor: Cursor | null;
  readonly transform: Transform | undefined;
  readonly onBadRow: 'stop' | 'skip';
  readonly onProgress: ((progress: ExportOnceProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly pageSize: number;
  readonly maxBytes: number;
  readonly stallTimeoutMs: number;
  readonly observer: Observer | undefined;
  readonly runtime: Runtime;
}

/** What takes the bytes. */
export type Output =
  | { readonly kind: 'sink'; readonly sink: Sink; readonly name: string }
  | { readonly kind: 'node'; readonly writable: Writable }
  | { readonly kind: 'web'; readonly writable: WritableStream<Uint8Array> };

export function readExportOnceOptions(options: unknown): Readonly<ExportOnceSettings> {
  return readOptions('exportOnce', options, (reader) => {
    const limit = reader.number('limit', Infinity, { min: 1 });
    const pageSize = reader.number('pageSize', PAGE_SIZE, { min: 1, max: 100_000 });
    const transform = reader.func<Transform>('transform');
    const name = readName(reader);
    return {
      source: reader.adapter<Source>('source', ['name', 'read']),
      encoder: reader.adapter<Encoder>('encoder', ['format', 'extension', 'contentType', 'open']),
      output: readOutput(reader, name),
      exportId: name.slice(name.lastIndexOf('/') + 1),
      limit,
      cursor: reader.has('cursor') ? reader.string('cursor') : null,
      transform,
      onBadRow: reader.oneOf<'stop' | 'skip'>('onBadRow', ['stop', 'skip'], 'stop'),
      onProgress: reader.func<(progress: ExportOnceProgress) => void>('onProgress'),
      signal: readSignal(reader),
      // A transform may drop most rows: pages as small as the limit would then be many.
      pageSize: transform === undefined ? Math.min(pageSize, limit) : pageSize,
      maxBytes: reader.number('maxBytes', MAX_BYTES, { min: 1, max: 2 ** 42 }),
      stallTimeoutMs: reader.number('stallTimeoutMs', STALL_TIMEOUT_MS, {
        min: 1,
        max: 86_400_000,
      }),
      observer: reader.func<Observer>('observer'),
      runtime: reader.adapter<Runtime>('runtime', ['now', 'sleep', 'random', 'id'], systemRuntime),
    };
  });
}

function readName(reader: OptionReader): string {
  const name = reader.string('name', 'export');
  const end = name.slice(name.lastIndexOf('/') + 1);
  const problem = name.startsWith('_') ? 'it begins with "_"' : objectKeyProblem(name);
  if (name !== '' && problem !== null) reader.problem('name', `cannot be used: ${problem}`);
  else if (name !== '' && !NAME_END.test(end))
    reader.problem('name', 'must end with 1 to 64 letters, digits, "_" and "-"');
  return name;
}

function readOutput(reader: OptionReader, name: string): Output {
  const hasSink = reader.has('sink');
  const hasWritable = reader.has('writable');
  if (hasSink === hasWritable)
    reader.problem('sink', 'or `writable` must be given, and only one of the two');
  if (hasWritable) return readWritable(reader);
  const sink = reader.adapter<Sink>('sink', ['open', 'commit'], hasSink ? undefined : EMPTY_SINK);
  return { kind: 'sink', sink, name };
}

/** Keeps one problem from being told twice. */
const EMPTY_SINK = { open: null, commit: null } as unknown as Sink;

function readWritable(reader: OptionReader): Output {
  const value = reader.value('writable') as Partial<Writable & WritableStream<Uint8Array>> | null;
  if (typeof value?.getWriter === 'function') {
    if (value.locked === true) reader.problem('writable', 'is locked to another writer');
    return { kind: 'web', writable: value as WritableStream<Uint8Array> };
  }
  const isNode = typeof value?.write === 'function' && typeof value.destroy === 'function';
  if (!isNode) reader.problem('writable', `must be a writable stream, not ${kindOf(value)}`);
  else if (value.destroyed === true || value.writableEnded === true)
    reader.problem('writable', 'is closed already');
  return { kind: 'node', writable: value as Writable };
}
